#pragma once

#include <cstdint>

#include "constformer/graph/graph.hpp"
#include "constformer/passes/plan_memory.hpp"

namespace constformer {

namespace detail {

/// Pairs of a query and a key that it sees, in a sequence of `queries` and `keys` rows.
constexpr std::int64_t seen_pairs(attend_options const& options, int layer, std::int64_t queries, std::int64_t keys) {
  if (options.mask == mask_kind::bidirectional) return queries * keys;
  bool const limited = options.window > 0 && options.window < queries && !options.unwindowed.contains(layer);
  std::int64_t const window = limited ? options.window : queries;
  return window * (window + 1) / 2 + (queries - window) * window;
}

/// Multiply-adds of a node in layer `layer` over a batch of equal sequences.
constexpr std::int64_t multiply_adds(graph_view g, node const& n, int layer, batch_bounds const& batch) {
  auto const input = [&](int i) -> node const& { return g.at(n.inputs[static_cast<std::size_t>(i)]); };
  auto const columns = [&](int i) -> std::int64_t { return input(i).shape.columns(); };
  auto const rows = [&](int i) -> std::int64_t { return batch.rows(input(i).shape.rows); };
  auto const pairs = [&] {
    return batch.sequences * seen_pairs(g.attentions[static_cast<std::size_t>(n.index)], layer,
                                        rows(0) / batch.sequences, rows(1) / batch.sequences);
  };
  switch (n.kind) {
    case node_kind::linear: return rows(0) * n.shape.columns() * columns(0);
    case node_kind::linear_gradient: return rows(0) * n.shape.columns() * columns(0);
    case node_kind::weight_gradient: return rows(0) * columns(0) * columns(1);
    case node_kind::expert_linear: return rows(0) * n.shape.columns() * input(1).shape.last().extent;
    case node_kind::expert_gradient: return rows(0) * columns(0) * input(1).shape.last().extent;
    case node_kind::expert_weight_gradient: return rows(0) * columns(0) * n.shape.last().extent;
    case node_kind::attention: return 2 * pairs() * columns(0);
    case node_kind::attention_gradient: return 5 * pairs() * columns(0);
    case node_kind::cross_entropy: {
      int const gradients =
          ((n.index & loss_gradient::input) != 0 ? 1 : 0) + ((n.index & loss_gradient::weight) != 0 ? 1 : 0);
      return (1 + gradients) * rows(0) * columns(1);
    }
    default: return 0;
  }
}

}  // namespace detail

/// Floating-point operations of the products of a pass over a batch of equal sequences, two for each multiply-add; of
/// attention those of pairs that are seen (FlashAttention counts two products forward and five backward). A prefix
/// that all see is not counted.
[[nodiscard]] constexpr std::int64_t count_flops(graph_view g, batch_bounds const& batch) {
  std::int64_t total = 0;
  for (node const& n : g.nodes) {
    int const layers = n.loop < 0 ? 1 : g.loops[static_cast<std::size_t>(n.loop)].layers;
    for (int layer = 0; layer < layers; ++layer)
      if (n.only < 0 || g.sets[static_cast<std::size_t>(n.only)].contains(layer))
        total += 2 * detail::multiply_adds(g, n, layer, batch);
  }
  return total;
}

}  // namespace constformer

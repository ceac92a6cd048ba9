#pragma once

#include <cstdint>

#include "constformer/graph/graph.hpp"
#include "constformer/passes/plan_memory.hpp"

namespace constformer {

namespace detail {

/// Pairs of a query and a key that it sees, in a sequence of `length` tokens.
constexpr std::int64_t seen_pairs(std::int64_t length, std::int64_t window) {
  if (window == 0 || window > length) window = length;
  return window * (window + 1) / 2 + (length - window) * window;
}

/// Multiply-adds of one run of a node over a batch of equal sequences.
constexpr std::int64_t multiply_adds(graph_view g, node const& n, batch_bounds const& batch) {
  auto const columns = [&](int i) -> std::int64_t {
    return g.at(n.inputs[static_cast<std::size_t>(i)]).shape.columns();
  };
  std::int64_t const rows = batch.tokens;
  std::int64_t const pairs = batch.sequences * seen_pairs(batch.tokens / batch.sequences, n.index);
  switch (n.kind) {
    case node_kind::linear: return rows * n.shape.columns() * columns(0);
    case node_kind::linear_gradient: return rows * n.shape.columns() * columns(0);
    case node_kind::weight_gradient: return rows * columns(0) * columns(1);
    case node_kind::attention: return 2 * pairs * columns(0);
    case node_kind::attention_gradient: return 5 * pairs * columns(0);
    case node_kind::cross_entropy: return (n.index == 1 ? 3 : 1) * rows * columns(1);
    default: return 0;
  }
}

}  // namespace detail

/// Floating-point operations of the products of a pass over a batch of equal sequences, two for each multiply-add; of
/// attention those of pairs that are seen (FlashAttention counts two products forward and five backward).
[[nodiscard]] constexpr std::int64_t count_flops(graph_view g, batch_bounds const& batch) {
  std::int64_t total = 0;
  for (node const& n : g.nodes)
    total +=
        2 * detail::multiply_adds(g, n, batch) * (n.loop < 0 ? 1 : g.loops[static_cast<std::size_t>(n.loop)].layers);
  return total;
}

}  // namespace constformer

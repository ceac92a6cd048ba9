#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "constformer/graph/graph.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/graph/shape.hpp"
#include "constformer/layers/parameter.hpp"
#include "constformer/passes/plan_memory.hpp"

namespace constformer {

/// Where rows of a value are kept: layer by layer, each `capacity` rows.
struct kept_rows {
  int stride = 0;           ///< floats of a row; 0: the value is not kept
  int layers = 0;           ///< of the loop that it is in
  std::int64_t before = 0;  ///< floats of one token that lie before it
  bool of_source = false;   ///< rows of the source, which all sequences look at
};

/// What a pass keeps of each token for those after it: by node, and floats of all.
template <std::size_t N>
struct cache_plan {
  std::array<kept_rows, N> places{};  ///< by node
  std::int64_t floats = 0;            ///< of one token
  std::int64_t source_floats = 0;     ///< of one token of the source

  /// Floats before row 0 of a node's `layer`, in a slot of `capacity` tokens, or the source's of so many.
  [[nodiscard]] constexpr std::int64_t at(int id, int layer, std::int64_t capacity) const {
    kept_rows const& place = places[static_cast<std::size_t>(id)];
    return capacity * (place.before + std::int64_t{layer} * place.stride);
  }
};

namespace detail {

/// Layers in which a node runs.
constexpr int layers_of(graph_view g, node const& n) {
  if (n.loop < 0) return 1;
  int const layers = g.loops[static_cast<std::size_t>(n.loop)].layers;
  return n.only < 0 ? layers : g.sets[static_cast<std::size_t>(n.only)].count(layers);
}

}  // namespace detail

/// Keys and values of attention, and what is shifted: all that a token reads of those before it, and of a source.
template <auto const& Graph>
[[nodiscard]] constexpr auto plan_cache() {
  cache_plan<Graph.nodes.size()> out;
  auto const keep = [&](int id) {
    kept_rows& place = out.places[static_cast<std::size_t>(id)];
    if (place.stride > 0) return;
    node const& n = Graph.nodes[static_cast<std::size_t>(id)];
    bool const of_source = n.shape.rows == row_kind::source;
    std::int64_t& floats = of_source ? out.source_floats : out.floats;
    place = {padded(n.shape.columns()), detail::layers_of(Graph, n), floats, of_source};
    floats += std::int64_t{place.stride} * place.layers;
  };
  for (node const& n : Graph.nodes) {
    bool const encodes = Graph.nodes[static_cast<std::size_t>(n.inputs[0] < 0 ? 0 : n.inputs[0])].shape.rows ==
                         row_kind::source;  // at once, and never again
    if (encodes) continue;
    if (n.kind == node_kind::attention || n.kind == node_kind::shift)
      keep(n.inputs[n.kind == node_kind::shift ? 0 : 1]);
    if (n.kind == node_kind::attention) keep(n.inputs[2]);
  }
  return out;
}

}  // namespace constformer

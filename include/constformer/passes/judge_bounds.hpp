#pragma once

#include "constformer/core/text.hpp"
#include "constformer/graph/columns.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/passes/plan_memory.hpp"

namespace constformer {

namespace detail {

constexpr bool reads_positions(node const& ids) {
  auto const column = static_cast<id_column>(ids.index);
  return column == id_column::positions || column == id_column::source_positions;
}

constexpr message bounds_misfit(graph_view g, node const& n, batch_bounds const& bounds) {
  if (n.shape.rows == row_kind::source && n.kind != node_kind::ids && bounds.sources < 1)
    return format_message("bounds: the model reads a source, sources={}", bounds.sources);
  if (n.kind != node_kind::gather || !reads_positions(g.at(n.inputs[1]))) return {};
  int const rows = g.at(n.inputs[0]).shape.axes[0].extent - n.index;
  if (rows >= bounds.longest()) return {};
  return format_message("bounds: sequences have up to {} tokens, the table has {} positions", bounds.longest(), rows);
}

}  // namespace detail

/// What of `g` does not fit batches within `bounds`: the first sentence, with the line of the call, or the graph's own
/// misfit.
[[nodiscard]] constexpr message first_misfit(graph_view g, message const& misfit, batch_bounds const& bounds) {
  if (!misfit.empty()) return misfit;
  if (bounds.tokens < 1 || bounds.sequences < 1)
    return format_message("bounds: tokens={} and sequences={} must be positive", bounds.tokens, bounds.sequences);
  for (node const& n : g.nodes)
    if (message const sentence = detail::bounds_misfit(g, n, bounds); !sentence.empty()) {
      graph place;
      place.fail(n.where, sentence);
      return place.misfit;
    }
  return {};
}

}  // namespace constformer

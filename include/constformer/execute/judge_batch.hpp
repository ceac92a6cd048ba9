#pragma once

#include <cstdint>

#include "constformer/core/error.hpp"
#include "constformer/core/text.hpp"
#include "constformer/execute/batch.hpp"
#include "constformer/graph/columns.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/passes/plan_memory.hpp"

namespace constformer {

namespace detail {

/// A column of a batch, and how many rows it has.
struct batch_column {
  std::int32_t const* ids;
  int rows;
  char const* name;
};

inline batch_column column_of(token_batch const& b, id_column column) {
  switch (column) {
    case id_column::tokens: return {b.tokens, b.rows(), "tokens"};
    case id_column::positions: return {b.positions, b.rows(), "positions"};
    case id_column::targets: return {b.targets, b.rows(), "targets"};
    case id_column::segments: return {b.segments, b.rows(), "segments"};
    case id_column::blocks: return {b.blocks, b.rows(), "blocks"};
    case id_column::source: return {b.source, b.source_rows(), "source"};
    case id_column::source_positions: return {b.source_positions, b.source_rows(), "source_positions"};
    case id_column::labels: return {b.labels, b.sequences, "labels"};
  }
  return {nullptr, 0, ""};
}

inline void require(bool fits, message const& sentence) {
  if (!fits) throw error(sentence.view().data());
}

// Ids of a column within [least, extent).
inline void require_ids(batch_column const& column, int least, int extent) {
  require(column.ids != nullptr || column.rows == 0,
          format_message("batch: the model reads {}, which the batch has not", column.name));
  for (int i = 0; i < column.rows; ++i)  // a sentence for every id would take a fortieth of a small model's step
    if (column.ids[i] >= extent || column.ids[i] < least)
      require(false,
              format_message("batch: {} at row {} is {}, the model has {}", column.name, i, column.ids[i], extent));
}

}  // namespace detail

/// Throws `error` if the batch does not fit what the program was compiled for: its bounds, and the tables of its graph.
inline void judge_batch(graph_view g, batch_bounds const& bounds, token_batch const& batch) {
  using detail::require;
  require(batch.rows() <= bounds.tokens && batch.sequences <= bounds.sequences,
          format_message("batch: {} sequences of {} tokens in all, the program was compiled for {} sequences and {} "
                         "tokens",
                         batch.sequences, batch.rows(), bounds.sequences, bounds.tokens));
  require(
      batch.source_rows() <= bounds.sources,
      format_message("batch: {} source tokens, the program was compiled for {}", batch.source_rows(), bounds.sources));
  require(batch.longest() <= bounds.longest(),
          format_message("batch: a sequence of {} tokens, the program was compiled for {}", batch.longest(),
                         bounds.longest()));
  for (node const& n : g.nodes) {
    bool const looks_up = n.kind == node_kind::gather;
    if (!looks_up && n.kind != node_kind::cross_entropy) continue;
    auto const column = static_cast<id_column>(g.at(n.inputs[looks_up ? 1 : 3]).index);
    int const extent = g.at(n.inputs[looks_up ? 0 : 1]).shape.axes[0].extent - (looks_up ? n.index : 0);
    detail::require_ids(detail::column_of(batch, column), looks_up ? 0 : -0x7fffffff - 1, extent);
  }
}

}  // namespace constformer

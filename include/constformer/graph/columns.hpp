#pragma once

#include "constformer/graph/value.hpp"

namespace constformer {

/// Columns of integers that a batch has.
enum class id_column : int {
  tokens,            ///< what the model reads
  positions,         ///< place of each token in its sequence
  targets,           ///< what it is to foretell; negative: nothing
  segments,          ///< type of each token (BERT)
  blocks,            ///< place of each token in the answer to a prefix (ChatGLM-6B)
  source,            ///< what the encoder reads, in encoder-decoder models
  source_positions,  ///< place of each of these in its sequence
  labels             ///< what each sequence is to be judged as; negative: nothing
};

/// The rows of a column of the batch.
[[nodiscard]] constexpr row_kind rows_of(id_column column) {
  if (column == id_column::source || column == id_column::source_positions) return row_kind::source;
  return column == id_column::labels ? row_kind::sequence : row_kind::token;
}

/// A column of the batch, one integer for each of its rows.
constexpr value ids_of(graph& g, id_column column, call where = call::current()) {
  return detail::emit(g, node_kind::ids, value_shape{.rows = rows_of(column)}, {}, where, static_cast<int>(column));
}

/// The places of the rows of a value in their sequences.
constexpr value positions_of(value beside, call where = call::current()) {
  bool const source = beside.shape().rows == row_kind::source;
  return ids_of(beside.owner(), source ? id_column::source_positions : id_column::positions, where);
}

}  // namespace constformer

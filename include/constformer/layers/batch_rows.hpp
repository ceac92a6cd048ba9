#pragma once

#include <cstddef>

#include "constformer/checkpoint/packed_layout.hpp"

namespace constformer {

/// Where the prefix of a sequence ends, and the first of the two positions of the tokens after it.
struct prefix_place {
  int length = 0;  ///< tokens of the prefix: keys that all queries see
  int blank = 0;   ///< index, within the prefix, of the token that the rest stands for

  /// First and second position of the token at `index`.
  [[nodiscard]] constexpr int first(int index) const { return index < length ? index : blank; }
  /// 0 in the prefix, then 1, 2, …
  [[nodiscard]] constexpr int second(int index) const { return index < length ? 0 : index - length + 1; }
};

/// Rows of a pass that continue one sequence, in the order of their positions.
struct row_run {
  int first;  ///< row
  int rows;   ///< at least one
};

/// The rows of one pass: tokens of any number of sequences, those of each side by side. Matrices see them all together,
/// attention sequence by sequence.
struct batch_rows {
  int rows = 0;                            ///< tokens of this pass
  int runs = 0;                            ///< sequences of this pass
  int const* ids = nullptr;                ///< (rows)
  int const* segments = nullptr;           ///< (rows), or null
  int const* positions = nullptr;          ///< (rows) where in its sequence each is
  int const* const* tables = nullptr;      ///< (rows) which block of the cache holds positions [16·i, 16·i + 16)
  prefix_place const* prefixes = nullptr;  ///< (rows) of their sequences; null without a prefix mask
  row_run const* run = nullptr;            ///< (runs)

  /// Each row is of a sequence of its own.
  [[nodiscard]] bool one_each() const { return runs == rows; }
  /// Where in its sequence a row is.
  [[nodiscard]] int position(int row) const { return positions[row]; }
  /// The prefix of a row's sequence.
  [[nodiscard]] prefix_place prefix(int row) const { return prefixes[row]; }
  /// The blocks of a row's sequence.
  [[nodiscard]] int const* blocks_of(int row) const { return tables[row]; }

  /// The place in the cache of a position of a row's sequence.
  [[nodiscard]] std::size_t slot(int row, int position) const {
    return static_cast<std::size_t>(tables[row][position / panel_rows] * panel_rows + position % panel_rows);
  }
  /// Keys of the sequence of a run, with those of this pass.
  [[nodiscard]] int key_count(row_run const& of) const { return positions[of.first + of.rows - 1] + 1; }
};

}  // namespace constformer

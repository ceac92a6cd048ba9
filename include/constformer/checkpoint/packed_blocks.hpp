#pragma once

#include <cstdint>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"

/// How types with scales lie in the weights section: values and scales are those of GGUF's blocks (32 columns of one row), woven so
/// that the 16 rows of a panel are read side by side.
namespace constformer {

/// Columns that share a scale.
inline constexpr int block_columns = 32;

/// 32 input columns of a panel in q8_0: row r of column k is scales[r]·values[k][r].
struct q8_0_block {
  std::uint16_t scales[panel_rows];               ///< f16
  std::int8_t values[block_columns][panel_rows];  ///< (column, row)
};

/// 32 input columns of a panel in q4_0: row r of column k is scales[r]·(q − 8), q being the low half of values[k / 2][r] for even
/// k and the high half for odd.
struct q4_0_block {
  std::uint16_t scales[panel_rows];                    ///< f16
  std::uint8_t values[block_columns / 2][panel_rows];  ///< (pair of columns, row)
};

static_assert(sizeof(q8_0_block) == bytes_of(dtype::q8_0, block_columns* panel_rows));
static_assert(sizeof(q4_0_block) == bytes_of(dtype::q4_0, block_columns* panel_rows));

/// GGUF's own block of one row: what a table of rows that are looked up consists of.
struct q8_0_row_block {
  std::uint16_t scale;                ///< f16
  std::int8_t values[block_columns];  ///< by column
};

/// GGUF's own block of one row: column k < 16 is the low half of values[k], column k + 16 the high half.
struct q4_0_row_block {
  std::uint16_t scale;                     ///< f16
  std::uint8_t values[block_columns / 2];  ///< each 8 too large
};

static_assert(sizeof(q8_0_row_block) == group_of(dtype::q8_0).bytes);
static_assert(sizeof(q4_0_row_block) == group_of(dtype::q4_0).bytes);

/// Row `row` of input column `column` before its scale.
[[nodiscard]] constexpr int quantised_at(q8_0_block const& b, int column, int row) { return b.values[column][row]; }
/// The same.
[[nodiscard]] constexpr int quantised_at(q4_0_block const& b, int column, int row) {
  int const pair = b.values[column / 2][row];
  return (column % 2 == 0 ? pair & 15 : pair >> 4) - 8;
}
/// Input column `column` before its scale.
[[nodiscard]] constexpr int quantised_at(q8_0_row_block const& b, int column) { return b.values[column]; }
/// The same.
[[nodiscard]] constexpr int quantised_at(q4_0_row_block const& b, int column) {
  int const pair = b.values[column % 16];
  return (column < 16 ? pair & 15 : pair >> 4) - 8;
}

}  // namespace constformer

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"

/// How types with scales lie in the weights section: values and scales are those of GGUF's blocks (32 columns of one
/// row), woven so that the 16 rows of a panel are read side by side.
namespace constformer {

/// Columns that share a scale.
inline constexpr int block_columns = 32;

/// Neighbouring columns of a row that lie together: a 32-bit lane of a vector holds them, as products of integers want
/// it.
inline constexpr int quad_columns = 4;

/// 32 input columns of a panel in q8_0: row r of column k is scales[r]·values[k / 4][r][`quad_place`(k % 4)].
struct q8_0_block {
  std::uint16_t scales[panel_rows];                                            ///< f16
  std::int8_t values[block_columns / quad_columns][panel_rows][quad_columns];  ///< (quad, row, place in the quad)

  /// The columns of a quad are 0, 2, 1, 3: then the low bytes of its two 16-bit lanes are columns 0 and 1, the high
  /// ones 2 and 3.
  [[nodiscard]] static constexpr int quad_place(int column) { return column == 1 || column == 2 ? 3 - column : column; }
};

/// 32 input columns of a panel in q4_0: row r of column k is scales[r]·(q − 8), q being the low half of values[k /
/// 4][r][k % 4] for k < 16 and the high half of that of k − 16 for the others.
struct q4_0_block {
  std::uint16_t scales[panel_rows];                                                 ///< f16
  std::uint8_t values[block_columns / 2 / quad_columns][panel_rows][quad_columns];  ///< (quad, row, column of the quad)
};

/// The levels of iq4_nl, as ggml has them: dense where weights are.
inline constexpr std::int8_t iq4_nl_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                  1,    13,   25,  38,  53,  69,  89,  113};

/// 32 input columns of a panel in iq4_nl: halves as in q4_0, each the index of a level; the columns of a quad lie as in
/// q8_0.
struct iq4_nl_block {
  std::uint16_t scales[panel_rows];                                                 ///< f16
  std::uint8_t values[block_columns / 2 / quad_columns][panel_rows][quad_columns];  ///< (quad, row, place in the quad)

  /// As in q8_0: what the halves stand for are its bytes.
  [[nodiscard]] static constexpr int quad_place(int column) { return q8_0_block::quad_place(column); }
};

static_assert(sizeof(q8_0_block) == bytes_of(dtype::q8_0, block_columns* panel_rows));
static_assert(sizeof(q4_0_block) == bytes_of(dtype::q4_0, block_columns* panel_rows));
static_assert(sizeof(iq4_nl_block) == bytes_of(dtype::iq4_nl, block_columns* panel_rows));

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

/// GGUF's own block of one row: halves as in q4_0, each the index of a level.
struct iq4_nl_row_block {
  std::uint16_t scale;                     ///< f16
  std::uint8_t values[block_columns / 2];  ///< indices of `iq4_nl_levels`
};

static_assert(sizeof(iq4_nl_row_block) == group_of(dtype::iq4_nl).bytes);

/// Bytes of eight scales and eight offsets of six bits each, as q4_k and q5_k have them.
inline constexpr int k_scale_bytes = 12;

/// Scale `i` of eight: in the low six bits of the first four bytes, the others in halves and two bits left over.
[[nodiscard]] constexpr int k_scale(std::span<std::byte const, k_scale_bytes> packed, int i) {
  auto const at = [&](int byte) { return std::to_integer<int>(packed[static_cast<std::size_t>(byte)]); };
  return i < 4 ? at(i) & 63 : (at(i + 4) & 15) | at(i - 4) >> 6 << 4;
}

/// Offset `i` of eight.
[[nodiscard]] constexpr int k_least(std::span<std::byte const, k_scale_bytes> packed, int i) {
  auto const at = [&](int byte) { return std::to_integer<int>(packed[static_cast<std::size_t>(byte)]); };
  return i < 4 ? at(i + 4) & 63 : at(i + 4) >> 4 | at(i) >> 6 << 4;
}

/// Row `row` of input column `column` before its scale.
[[nodiscard]] constexpr int quantised_at(q8_0_block const& b, int column, int row) {
  return b.values[column / quad_columns][row][q8_0_block::quad_place(column % quad_columns)];
}
/// The same.
[[nodiscard]] constexpr int quantised_at(q4_0_block const& b, int column, int row) {
  int const half = column % 16;
  int const pair = b.values[half / quad_columns][row][half % quad_columns];
  return (column < 16 ? pair & 15 : pair >> 4) - 8;
}
/// The same.
[[nodiscard]] constexpr int quantised_at(iq4_nl_block const& b, int column, int row) {
  int const half = column % 16;
  int const pair = b.values[half / quad_columns][row][iq4_nl_block::quad_place(half % quad_columns)];
  return iq4_nl_levels[column < 16 ? pair & 15 : pair >> 4];
}
/// Input column `column` before its scale.
[[nodiscard]] constexpr int quantised_at(q8_0_row_block const& b, int column) { return b.values[column]; }
/// The same.
[[nodiscard]] constexpr int quantised_at(q4_0_row_block const& b, int column) {
  int const pair = b.values[column % 16];
  return (column < 16 ? pair & 15 : pair >> 4) - 8;
}
/// The same.
[[nodiscard]] constexpr int quantised_at(iq4_nl_row_block const& b, int column) {
  int const pair = b.values[column % 16];
  return iq4_nl_levels[column < 16 ? pair & 15 : pair >> 4];
}

}  // namespace constformer

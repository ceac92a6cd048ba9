#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"

/// How the K-quants lie in the weights section: bits, scales and offsets are those of GGUF's blocks of 256 columns of
/// one row, woven so that the 16 rows of a panel are read side by side, and sorted so that each piece of 32 columns is
/// whole: its low halves are the first 16 columns, its high halves the others.
namespace constformer {

/// Columns under one f16 scale.
inline constexpr int super_columns = 256;

/// Pieces of 32 columns.
inline constexpr int super_pieces = super_columns / block_columns;

/// Four bits of every column of a panel: (piece, quad of the first 16 columns, row, column of the quad).
using woven_halves = std::uint8_t[super_pieces][block_columns / 2 / quad_columns][panel_rows][quad_columns];

/// The low four bits of a column of a row.
[[nodiscard]] constexpr int half_at(woven_halves const& values, int column, int row) {
  int const within = column % 16;
  int const pair = values[column / block_columns][within / quad_columns][row][within % quad_columns];
  return column % block_columns < 16 ? pair & 15 : pair >> 4;
}

/// 256 input columns of a panel in q4_k: row r of column k is scales[r]·s·q − leasts[r]·m, with s and m the scale and
/// the offset of the piece that k is in.
struct q4_k_block {
  static constexpr int pieces = super_pieces;      ///< of 32 columns
  static constexpr int parts = 1;                  ///< of a piece that have scales of their own
  static constexpr int middle = 0;                 ///< what is taken off integers
  std::uint16_t scales[panel_rows];                ///< f16
  std::uint16_t leasts[panel_rows];                ///< f16
  std::uint8_t packed[k_scale_bytes][panel_rows];  ///< `k_scale` and `k_least`
  woven_halves values;                             ///< q
};

/// The same in q5_k; bit q of byte c of a piece's word is the fifth bit of column 4·q + c.
struct q5_k_block {
  static constexpr int pieces = super_pieces;                 ///< of 32 columns
  static constexpr int parts = 1;                             ///< of a piece that have scales of their own
  static constexpr int middle = 0;                            ///< what is taken off integers
  std::uint16_t scales[panel_rows];                           ///< f16
  std::uint16_t leasts[panel_rows];                           ///< f16
  std::uint8_t packed[k_scale_bytes][panel_rows];             ///< `k_scale` and `k_least`
  std::uint8_t high[super_pieces][panel_rows][quad_columns];  ///< fifth bits
  woven_halves values;                                        ///< low bits of q
};

/// 256 input columns of a panel in q6_k: row r of column k is scales[r]·s·(q − 32), with s the scale of 16 columns.
/// Bits 2q and 2q + 1 of byte c of a word of 16 columns are the upper bits of column 4·q + c.
struct q6_k_block {
  static constexpr int pieces = super_pieces;                        ///< of 32 columns
  static constexpr int parts = 2;                                    ///< of a piece that have scales of their own
  static constexpr int middle = 32;                                  ///< what is taken off integers
  std::uint16_t scales[panel_rows];                                  ///< f16
  std::int8_t packed[super_pieces][parts][panel_rows];               ///< s
  std::uint8_t high[super_pieces][parts][panel_rows][quad_columns];  ///< upper bits
  woven_halves values;                                               ///< low bits of q
};

/// 32 input columns of a panel in q8_f: row r of column k is scales[k / 16][r]·values[k / 4][r][k % 4] − leasts[k /
/// 16][r].
struct q8_f_block {
  static constexpr int pieces = 1;  ///< of 32 columns
  static constexpr int parts = 2;   ///< of a piece that have scales of their own
  static constexpr int middle = 0;  ///< what is taken off integers
  float scales[parts][panel_rows];  ///< by 16 columns
  float leasts[parts][panel_rows];  ///< by 16 columns
  std::int8_t values[block_columns / quad_columns][panel_rows][quad_columns];  ///< (quad, row, column of the quad)
};

static_assert(sizeof(q4_k_block) == bytes_of(dtype::q4_k, super_columns* panel_rows));
static_assert(sizeof(q5_k_block) == bytes_of(dtype::q5_k, super_columns* panel_rows));
static_assert(sizeof(q6_k_block) == bytes_of(dtype::q6_k, super_columns* panel_rows));
static_assert(sizeof(q8_f_block) == bytes_of(dtype::q8_f, block_columns* panel_rows));

/// True of the panels above.
template <class Block>
inline constexpr bool is_super_block = requires { Block::pieces; };

/// GGUF's own block of one row in q4_k: what a table of rows that are looked up consists of.
struct q4_k_row_block {
  std::uint16_t scale;                          ///< f16
  std::uint16_t least;                          ///< f16
  std::array<std::byte, k_scale_bytes> packed;  ///< `k_scale` and `k_least`
  std::uint8_t values[super_columns / 2];       ///< halves of 32 bytes: 64 columns, the first 32 low
};

/// The same in q5_k.
struct q5_k_row_block {
  std::uint16_t scale;                          ///< f16
  std::uint16_t least;                          ///< f16
  std::array<std::byte, k_scale_bytes> packed;  ///< `k_scale` and `k_least`
  std::uint8_t high[block_columns];             ///< bit k / 32 of byte k % 32: the fifth of column k
  std::uint8_t values[super_columns / 2];       ///< as in q4_k
};

/// The same in q6_k.
struct q6_k_row_block {
  std::uint8_t values[super_columns / 2];  ///< halves of 64 bytes: 128 columns, the first 64 low
  std::uint8_t high[super_columns / 4];    ///< 32 bytes: 128 columns, two bits of four of them, 32 apart
  std::int8_t packed[super_columns / 16];  ///< of 16 columns
  std::uint16_t scale;                     ///< f16
};

/// One row in q8_f.
struct q8_f_row_block {
  float scales[2];                    ///< by 16 columns
  float leasts[2];                    ///< by 16 columns
  std::int8_t values[block_columns];  ///< by column
};

static_assert(sizeof(q4_k_row_block) == group_of(dtype::q4_k).bytes);
static_assert(sizeof(q5_k_row_block) == group_of(dtype::q5_k).bytes);
static_assert(sizeof(q6_k_row_block) == group_of(dtype::q6_k).bytes);
static_assert(sizeof(q8_f_row_block) == group_of(dtype::q8_f).bytes);

/// What a column of a row stands for: scale·factor·value − least·offset, scale and least being f16.
struct super_value {
  std::uint16_t scale = 0;  ///< f16
  std::uint16_t least = 0;  ///< f16
  int factor = 0;           ///< of the scale
  int offset = 0;           ///< of the least
  int value = 0;            ///< integer of the column
};

namespace detail {

// The twelve bytes of a row of a panel.
template <class Block>
constexpr std::array<std::byte, k_scale_bytes> k_scales_of(Block const& b, int row) {
  std::array<std::byte, k_scale_bytes> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::byte{b.packed[i][row]};
  return out;
}

constexpr int bit_of(q4_k_block const&, int, int) { return 0; }
constexpr int bit_of(q5_k_block const& b, int column, int row) {
  int const within = column % block_columns;
  return b.high[column / block_columns][row][within % quad_columns] >> (within / quad_columns) & 1;
}
constexpr int bit_of(q4_k_row_block const&, int) { return 0; }
constexpr int bit_of(q5_k_row_block const& b, int column) { return b.high[column % 32] >> (column / 32) & 1; }

template <class Block>
constexpr super_value k_value(Block const& b, int column, int row) {
  auto const packed = k_scales_of(b, row);
  int const piece = column / block_columns;
  return {b.scales[row], b.leasts[row], k_scale(packed, piece), k_least(packed, piece),
          half_at(b.values, column, row) | bit_of(b, column, row) << 4};
}

template <class RowBlock>
constexpr super_value k_row_value(RowBlock const& b, int column) {
  int const piece = column / block_columns;
  int const pair = b.values[column / 64 * 32 + column % 32];
  return {b.scale, b.least, k_scale(b.packed, piece), k_least(b.packed, piece),
          (column % 64 < 32 ? pair & 15 : pair >> 4) | bit_of(b, column) << 4};
}

}  // namespace detail

/// Column `column` of row `row` of a panel.
[[nodiscard]] constexpr super_value super_value_at(q4_k_block const& b, int column, int row) {
  return detail::k_value(b, column, row);
}
/// The same.
[[nodiscard]] constexpr super_value super_value_at(q5_k_block const& b, int column, int row) {
  return detail::k_value(b, column, row);
}
/// The same.
[[nodiscard]] constexpr super_value super_value_at(q6_k_block const& b, int column, int row) {
  int const piece = column / block_columns, part = column % block_columns / 16, within = column % 16;
  int const high = b.high[piece][part][row][within % quad_columns] >> (2 * (within / quad_columns)) & 3;
  return {b.scales[row], 0, b.packed[piece][part][row], 0, (half_at(b.values, column, row) | high << 4) - 32};
}
/// Column `column` of a row.
[[nodiscard]] constexpr super_value super_value_at(q4_k_row_block const& b, int column) {
  return detail::k_row_value(b, column);
}
/// The same.
[[nodiscard]] constexpr super_value super_value_at(q5_k_row_block const& b, int column) {
  return detail::k_row_value(b, column);
}
/// The same.
[[nodiscard]] constexpr super_value super_value_at(q6_k_row_block const& b, int column) {
  int const pair = b.values[column / 128 * 64 + column % 64];
  int const high = b.high[column / 128 * 32 + column % 32] >> (column % 128 / 32 * 2) & 3;
  return {b.scale, 0, b.packed[column / 16], 0, ((column % 128 < 64 ? pair & 15 : pair >> 4) | high << 4) - 32};
}

}  // namespace constformer

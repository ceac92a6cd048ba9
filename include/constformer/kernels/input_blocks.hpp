#pragma once

#include <cstddef>
#include <cstdint>

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/checkpoint/super_blocks.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

/// How many integers an instruction multiplies and adds to each 32 bits of a sum.
enum class integer_dots { pairs, quads };

/// 32 columns of one row of inputs as integers of at most 127, for products with weights that have scales: column k is
/// scale·`value_at`(block, k).
template <class Block, integer_dots Dots>
struct input_block;

/// For q8_0: widened to the 16 bits in which the products are made.
template <>
struct input_block<q8_0_block, integer_dots::pairs> {
  std::int16_t values[block_columns];  ///< by column
  float scale;                         ///< the largest absolute value / 127
};

/// For q8_0, whose weights are made unsigned and so each 128 too large.
template <>
struct input_block<q8_0_block, integer_dots::quads> {
  std::int8_t values[block_columns];  ///< by column, those of a quad in the order of its weights
  float scale;                        ///< the largest absolute value / 127
  std::int32_t excess;                ///< 128·Σ values, which the products are too large by
};

/// For iq4_nl, whose levels are bytes as the values of q8_0 are.
template <integer_dots Dots>
struct input_block<iq4_nl_block, Dots> : input_block<q8_0_block, Dots> {};

/// For q4_0, whose unsigned weights are each 8 too large.
template <integer_dots Dots>
struct input_block<q4_0_block, Dots> {
  std::int8_t values[block_columns];  ///< by column
  float scale;                        ///< the largest absolute value / 127
  std::int32_t excess;                ///< 8·Σ values, which the products are too large by
};

/// For K-quants, whose weights are unsigned: q6_k's are each 32 too large.
struct super_input_block {
  std::int8_t values[block_columns];  ///< by column
  float scale;                        ///< the largest absolute value / 127
  std::int32_t sums[2];               ///< Σ values of each half
  float scaled_sum;                   ///< scale·Σ values
};
/// The same for each of them.
template <integer_dots Dots>
struct input_block<q4_k_block, Dots> : super_input_block {};
/// The same.
template <integer_dots Dots>
struct input_block<q5_k_block, Dots> : super_input_block {};
/// The same.
template <integer_dots Dots>
struct input_block<q6_k_block, Dots> : super_input_block {};

/// Whether there are products of integers for a type.
[[nodiscard]] constexpr bool has_integer_products(dtype weights) {
  return weights == dtype::q8_0 || weights == dtype::iq4_nl || weights == dtype::q4_0 || weights == dtype::q4_k ||
         weights == dtype::q5_k || weights == dtype::q6_k;
}

/// Column `column` of a block before its scale.
template <class Block, integer_dots Dots>
[[nodiscard]] constexpr int value_at(input_block<Block, Dots> const& block, int column) {
  int place = column % quad_columns;
  if constexpr (Dots == integer_dots::quads && requires { Block::quad_place(0); }) place = Block::quad_place(place);
  return block.values[column / quad_columns * quad_columns + place];
}

/// Blocks that a row of `depth` inputs takes.
[[nodiscard]] constexpr std::size_t input_blocks(int depth) {
  return (static_cast<std::size_t>(depth) + block_columns - 1) / block_columns;
}

/// Bytes that a row of `depth` inputs takes at most as integers for weights of type `weights`; 0 for types without
/// scales.
[[nodiscard]] constexpr std::size_t input_row_bytes(dtype weights, int depth) {
  if (weights == dtype::q8_0 || weights == dtype::iq4_nl)
    return input_blocks(depth) * sizeof(input_block<q8_0_block, integer_dots::pairs>);
  if (weights == dtype::q4_0) return input_blocks(depth) * sizeof(input_block<q4_0_block, integer_dots::quads>);
  if (has_integer_products(weights)) return input_blocks(depth) * sizeof(super_input_block);
  return 0;
}

static_assert(sizeof(input_block<q8_0_block, integer_dots::quads>) <=
              sizeof(input_block<q8_0_block, integer_dots::pairs>));

}  // namespace constformer

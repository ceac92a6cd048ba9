#pragma once

#include <cstddef>
#include <cstdint>

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

/// 32 columns of one row of inputs as integers of at most 127, for products with weights that have scales: column k is
/// scale·values[k].
template <class Block>
struct input_block;

/// For q8_0: widened to the 16 bits in which the products are made.
template <>
struct input_block<q8_0_block> {
  std::int16_t values[block_columns];  ///< by column
  float scale;                         ///< the largest absolute value / 127
};

/// For q4_0, whose unsigned weights are each 8 too large.
template <>
struct input_block<q4_0_block> {
  std::int8_t values[block_columns];  ///< by column
  float scale;                        ///< the largest absolute value / 127
  std::int32_t excess;                ///< 8·Σ values, which the products are too large by
};

/// Blocks that a row of `depth` inputs takes.
[[nodiscard]] constexpr std::size_t input_blocks(int depth) {
  return (static_cast<std::size_t>(depth) + block_columns - 1) / block_columns;
}

/// Bytes of a row of `depth` inputs as integers for weights of type `weights`; 0 for types without scales.
[[nodiscard]] constexpr std::size_t input_row_bytes(dtype weights, int depth) {
  if (weights == dtype::q8_0) return input_blocks(depth) * sizeof(input_block<q8_0_block>);
  if (weights == dtype::q4_0) return input_blocks(depth) * sizeof(input_block<q4_0_block>);
  return 0;
}

}  // namespace constformer

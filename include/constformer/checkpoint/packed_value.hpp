#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/base.h"

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/checkpoint/super_blocks.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

namespace detail {

template <dtype Type>
struct packed_types;
template <>
struct packed_types<dtype::f32> {
  using panel = float;
  using row = float;
};
template <>
struct packed_types<dtype::f16> {
  using panel = hwy::float16_t;
  using row = hwy::float16_t;
};
template <>
struct packed_types<dtype::bf16> {
  using panel = hwy::bfloat16_t;
  using row = hwy::bfloat16_t;
};
template <>
struct packed_types<dtype::q8_0> {
  using panel = q8_0_block;
  using row = q8_0_row_block;
};
template <>
struct packed_types<dtype::q4_0> {
  using panel = q4_0_block;
  using row = q4_0_row_block;
};
template <>
struct packed_types<dtype::iq4_nl> {
  using panel = iq4_nl_block;
  using row = iq4_nl_row_block;
};
template <>
struct packed_types<dtype::q4_k> {
  using panel = q4_k_block;
  using row = q4_k_row_block;
};
template <>
struct packed_types<dtype::q5_k> {
  using panel = q5_k_block;
  using row = q5_k_row_block;
};
template <>
struct packed_types<dtype::q6_k> {
  using panel = q6_k_block;
  using row = q6_k_row_block;
};
template <>
struct packed_types<dtype::q8_f> {
  using panel = q8_f_block;
  using row = q8_f_row_block;
};

inline float scaled(std::uint16_t scale, int value) {
  return hwy::F32FromF16(hwy::float16_t::FromBits(scale)) * static_cast<float>(value);
}

// The products are exact.
inline float value_of(super_value v) {
  return scaled(v.scale, v.factor) * static_cast<float>(v.value) - scaled(v.least, v.offset);
}

template <class Block>
float block_value(Block const& block, int column, int row) {
  if constexpr (std::is_same_v<Block, q8_f_block>)
    return block.scales[column / 16][row] *
               static_cast<float>(block.values[column / quad_columns][row][column % quad_columns]) -
           block.leasts[column / 16][row];
  else if constexpr (is_super_block<Block>)
    return value_of(super_value_at(block, column, row));
  else
    return scaled(block.scales[row], quantised_at(block, column, row));
}

template <class RowBlock>
float row_block_value(RowBlock const& block, int column) {
  if constexpr (std::is_same_v<RowBlock, q8_f_row_block>)
    return block.scales[column / 16] * static_cast<float>(block.values[column]) - block.leasts[column / 16];
  else if constexpr (requires { super_value_at(block, column); })
    return value_of(super_value_at(block, column));
  else
    return scaled(block.scale, quantised_at(block, column));
}

}  // namespace detail

/// What panels of a type consist of: its values, or blocks of them.
template <dtype Type>
using stored = typename detail::packed_types<Type>::panel;

/// What rows that are looked up consist of.
template <dtype Type>
using stored_row = typename detail::packed_types<Type>::row;

/// Value (row, column) of a matrix in panels.
template <dtype Type>
[[nodiscard]] float panel_value(stored<Type> const* matrix, matrix_shape shape, std::int64_t row, std::int64_t column) {
  if constexpr (quantisation_group(Type) > 0) {
    auto const& block = matrix[line_of(Type, shape, row, column)];
    return detail::block_value(block, static_cast<int>(column % line_columns(Type)),
                               static_cast<int>(row % panel_rows));
  } else {
    return hwy::ConvertScalarTo<float>(matrix[element_of(Type, shape, row, column)]);
  }
}

/// Value (row, column) of a table with `cols` columns that is looked up by row.
template <dtype Type>
[[nodiscard]] float row_value(stored_row<Type> const* table, std::size_t cols, std::size_t row, std::size_t column) {
  if constexpr (quantisation_group(Type) > 0) {
    constexpr auto together = static_cast<std::size_t>(line_columns(Type));
    auto const groups = static_cast<std::size_t>(packed_depth(Type, static_cast<int>(cols))) / together;
    auto const& block = table[row * groups + column / together];
    return detail::row_block_value(block, static_cast<int>(column % together));
  } else {
    return hwy::ConvertScalarTo<float>(table[row * static_cast<std::size_t>(padded(static_cast<int>(cols))) + column]);
  }
}

}  // namespace constformer

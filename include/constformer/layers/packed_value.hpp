#pragma once

#include <cstddef>
#include <cstdint>

#include "hwy/base.h"

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
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

inline float scaled(std::uint16_t scale, int value) {
  return hwy::F32FromF16(hwy::float16_t::FromBits(scale)) * static_cast<float>(value);
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
    auto const lane = static_cast<int>(row % panel_rows);
    return detail::scaled(block.scales[lane], quantised_at(block, static_cast<int>(column % block_columns), lane));
  } else {
    return hwy::ConvertScalarTo<float>(matrix[element_of(Type, shape, row, column)]);
  }
}

/// Value (row, column) of a table with `cols` columns that is looked up by row.
template <dtype Type>
[[nodiscard]] float row_value(stored_row<Type> const* table, std::size_t cols, std::size_t row, std::size_t column) {
  if constexpr (quantisation_group(Type) > 0) {
    auto const groups = static_cast<std::size_t>(packed_depth(Type, static_cast<int>(cols))) / block_columns;
    auto const& block = table[row * groups + column / block_columns];
    return detail::scaled(block.scale, quantised_at(block, static_cast<int>(column % block_columns)));
  } else {
    return hwy::ConvertScalarTo<float>(table[row * static_cast<std::size_t>(padded(static_cast<int>(cols))) + column]);
  }
}

}  // namespace constformer

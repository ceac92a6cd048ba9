#include "pack_row.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/layers/packed_value.hpp"
#include "half.hpp"
#include "quantise.hpp"

namespace constformer::command {

namespace {

// Round to nearest, ties to even; NaN stays NaN.
std::uint16_t to_bf16(float value) {
  auto const bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

std::uint8_t nibbles(int low, int high) { return static_cast<std::uint8_t>((low + 8) | (high + 8) << 4); }

std::uint8_t level_indices(int low, int high) {
  auto const index = [](int level) { return std::ranges::find(iq4_nl_levels, level) - std::begin(iq4_nl_levels); };
  return static_cast<std::uint8_t>(index(low) | index(high) << 4);
}

void put(q8_0_row_block& block, quantised_group const& group) {
  block.scale = group.scale;
  for (std::size_t k = 0; k < block_columns; ++k) block.values[k] = static_cast<std::int8_t>(group.values[k]);
}

void put(q4_0_row_block& block, quantised_group const& group) {
  block.scale = group.scale;
  for (std::size_t k = 0; k < block_columns / 2; ++k) block.values[k] = nibbles(group.values[k], group.values[k + 16]);
}

void put(q8_0_block& block, std::size_t row, quantised_group const& group) {
  block.scales[row] = group.scale;
  for (std::size_t k = 0; k < block_columns; ++k) {
    auto const place = static_cast<std::size_t>(q8_0_block::quad_place(static_cast<int>(k % quad_columns)));
    block.values[k / quad_columns][row][place] = static_cast<std::int8_t>(group.values[k]);
  }
}

void put(iq4_nl_row_block& block, quantised_group const& group) {
  block.scale = group.scale;
  for (std::size_t k = 0; k < block_columns / 2; ++k)
    block.values[k] = level_indices(group.values[k], group.values[k + 16]);
}

void put(q4_0_block& block, std::size_t row, quantised_group const& group) {
  block.scales[row] = group.scale;
  for (std::size_t k = 0; k < block_columns / 2; ++k)
    block.values[k / quad_columns][row][k % quad_columns] = nibbles(group.values[k], group.values[k + 16]);
}

void put(iq4_nl_block& block, std::size_t row, quantised_group const& group) {
  block.scales[row] = group.scale;
  for (std::size_t k = 0; k < block_columns / 2; ++k) {
    auto const place = static_cast<std::size_t>(iq4_nl_block::quad_place(static_cast<int>(k % quad_columns)));
    block.values[k / quad_columns][row][place] = level_indices(group.values[k], group.values[k + 16]);
  }
}

// The groups of a row: of values that are quantised now, or as a file has them.
struct rounded_groups {
  dtype type;
  std::span<float const> values;
  [[nodiscard]] std::size_t count() const { return (values.size() + block_columns - 1) / block_columns; }
  [[nodiscard]] quantised_group operator[](std::size_t i) const {
    auto const rest = values.subspan(i * block_columns);
    return quantise(type, rest.first(std::min<std::size_t>(rest.size(), block_columns)));
  }
};

struct stored_groups {
  dtype type;
  std::span<std::byte const> bytes;
  [[nodiscard]] std::size_t count() const { return bytes.size() / static_cast<std::size_t>(group_of(type).bytes); }
  [[nodiscard]] quantised_group operator[](std::size_t i) const { return stored_group(type, bytes.data(), i); }
};

template <class Block, class Groups>
void put_in_table(Groups const& groups, std::byte* base, std::size_t row) {
  auto* const blocks = reinterpret_cast<Block*>(base) + row * groups.count();
  for (std::size_t i = 0; i < groups.count(); ++i) put(blocks[i], groups[i]);
}

template <class Block, class Groups>
void put_in_panel(Groups const& groups, std::byte* base, matrix_shape shape, std::int64_t row) {
  auto* const blocks = reinterpret_cast<Block*>(base);
  for (std::size_t i = 0; i < groups.count(); ++i) {
    std::int64_t const line = line_of(groups.type, shape, row, static_cast<std::int64_t>(i * block_columns));
    put(blocks[line], static_cast<std::size_t>(row % panel_rows), groups[i]);
  }
}

template <class Groups>
void put_table_groups(Groups const& groups, std::byte* base, std::int64_t row) {
  auto const at = static_cast<std::size_t>(row);
  if (groups.type == dtype::q8_0) return put_in_table<q8_0_row_block>(groups, base, at);
  if (groups.type == dtype::q4_0) return put_in_table<q4_0_row_block>(groups, base, at);
  put_in_table<iq4_nl_row_block>(groups, base, at);
}

template <class Groups>
void put_panel_groups(Groups const& groups, std::byte* base, matrix_shape shape, std::int64_t row) {
  if (groups.type == dtype::q8_0) return put_in_panel<q8_0_block>(groups, base, shape, row);
  if (groups.type == dtype::q4_0) return put_in_panel<q4_0_block>(groups, base, shape, row);
  put_in_panel<iq4_nl_block>(groups, base, shape, row);
}

bool has_groups(dtype type) { return quantisation_group(type) > 0; }

// `read` with the type as a template argument.
template <class Read>
float with_type(dtype type, Read read) {
  switch (type) {
    case dtype::f16: return read.template operator()<dtype::f16>();
    case dtype::bf16: return read.template operator()<dtype::bf16>();
    case dtype::q8_0: return read.template operator()<dtype::q8_0>();
    case dtype::q4_0: return read.template operator()<dtype::q4_0>();
    case dtype::iq4_nl: return read.template operator()<dtype::iq4_nl>();
    default: break;  // nothing else is packed
  }
  return read.template operator()<dtype::f32>();
}

}  // namespace

void put_value(dtype type, std::byte* base, std::int64_t index, float value) {
  if (type == dtype::f32) {
    std::memcpy(base + index * 4, &value, sizeof value);
  } else {
    std::uint16_t const half = type == dtype::bf16 ? to_bf16(value) : to_f16(value);
    std::memcpy(base + index * 2, &half, sizeof half);
  }
}

float get_table_value(dtype type, std::byte const* base, int cols, std::int64_t row, std::int64_t k) {
  return with_type(type, [=]<dtype Type>() {
    return row_value<Type>(reinterpret_cast<stored_row<Type> const*>(base), static_cast<std::size_t>(cols),
                           static_cast<std::size_t>(row), static_cast<std::size_t>(k));
  });
}

float get_panel_value(dtype type, std::byte const* base, matrix_shape shape, std::int64_t row, std::int64_t k) {
  return with_type(type, [=]<dtype Type>() {
    return panel_value<Type>(reinterpret_cast<stored<Type> const*>(base), shape, row, k);
  });
}

void put_table_row(dtype type, std::byte* base, std::int64_t row, std::span<float const> values) {
  if (has_groups(type)) return put_table_groups(rounded_groups{type, values}, base, row);
  auto const cols = static_cast<int>(values.size());
  for (int k = 0; k < cols; ++k) put_value(type, base, row * padded(cols) + k, values[static_cast<std::size_t>(k)]);
}

void put_panel_row(dtype type, std::byte* base, matrix_shape shape, std::int64_t row, std::span<float const> values) {
  if (has_groups(type)) return put_panel_groups(rounded_groups{type, values}, base, shape, row);
  for (int k = 0; k < shape.cols; ++k)
    put_value(type, base, element_of(type, shape, row, k), values[static_cast<std::size_t>(k)]);
}

void put_stored_table_row(dtype type, std::byte* base, std::int64_t row, std::span<std::byte const> blocks) {
  put_table_groups(stored_groups{type, blocks}, base, row);
}

void put_stored_panel_row(dtype type, std::byte* base, matrix_shape shape, std::int64_t row,
                          std::span<std::byte const> blocks) {
  put_panel_groups(stored_groups{type, blocks}, base, shape, row);
}

}  // namespace constformer::command

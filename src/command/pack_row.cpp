#include "pack_row.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "hwy/base.h"

namespace constformer::command {

namespace {

// Round to nearest, ties to even; NaN stays NaN.
std::uint16_t to_bf16(float value) {
  auto const bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

std::uint16_t to_f16(float value) {
  hwy::float16_t const half = hwy::F16FromF32(value);
  std::uint16_t bits = 0;
  std::memcpy(&bits, &half, sizeof bits);
  return bits;
}

struct quantised_group {
  std::uint16_t scale;                    // f16
  std::array<int, block_columns> values;  // q8_0: −127 to 127; q4_0: −8 to 7
};

// The rounding of ggml, whose float32 steps decide where values lie on the border between two.
quantised_group quantise_q8_0(std::array<float, block_columns> const& x) {
  float largest = 0;
  for (float const v : x) largest = std::max(largest, std::abs(v));
  float const scale = largest / 127.0F;
  float const inverse = scale != 0.0F ? 1.0F / scale : 0.0F;
  quantised_group out{to_f16(scale), {}};
  std::ranges::transform(x, out.values.begin(), [&](float v) { return static_cast<int>(std::round(v * inverse)); });
  return out;
}

// The value that is largest in absolute value becomes −8, so that one end of the range is used whole.
quantised_group quantise_q4_0(std::array<float, block_columns> const& x) {
  float largest = 0;
  for (float const v : x)
    if (std::abs(v) > std::abs(largest)) largest = v;
  float const scale = largest / -8.0F;
  float const inverse = scale != 0.0F ? 1.0F / scale : 0.0F;
  quantised_group out{to_f16(scale), {}};
  std::ranges::transform(x, out.values.begin(),
                         [&](float v) { return std::min(15, static_cast<int>(v * inverse + 8.5F)) - 8; });
  return out;
}

quantised_group quantise(dtype type, std::span<float const> values) {
  std::array<float, block_columns> x{};  // what a last group lacks is 0
  std::ranges::copy(values, x.begin());
  return type == dtype::q8_0 ? quantise_q8_0(x) : quantise_q4_0(x);
}

std::uint8_t nibbles(int low, int high) { return static_cast<std::uint8_t>((low + 8) | (high + 8) << 4); }

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

void put(q4_0_block& block, std::size_t row, quantised_group const& group) {
  block.scales[row] = group.scale;
  for (std::size_t k = 0; k < block_columns / 2; ++k)
    block.values[k / quad_columns][row][k % quad_columns] = nibbles(group.values[k], group.values[k + 16]);
}

// Calls put_group(i, quantised) for each group of a row.
template <class PutGroup>
void for_each_group(dtype type, std::span<float const> values, PutGroup put_group) {
  for (std::size_t i = 0; i * block_columns < values.size(); ++i) {
    auto const rest = values.subspan(i * block_columns);
    put_group(i, quantise(type, rest.first(std::min<std::size_t>(rest.size(), block_columns))));
  }
}

template <class Block>
void put_blocks_of_table(dtype type, std::byte* base, std::size_t row, std::span<float const> values) {
  std::size_t const groups = (values.size() + block_columns - 1) / block_columns;
  auto* const blocks = reinterpret_cast<Block*>(base) + row * groups;
  for_each_group(type, values, [&](std::size_t i, quantised_group const& group) { put(blocks[i], group); });
}

template <class Block>
void put_blocks_of_panel(dtype type, std::byte* base, std::size_t row, std::span<float const> values) {
  std::size_t const groups = (values.size() + block_columns - 1) / block_columns;
  auto* const blocks = reinterpret_cast<Block*>(base) + row / panel_rows * groups;
  for_each_group(type, values,
                 [&](std::size_t i, quantised_group const& group) { put(blocks[i], row % panel_rows, group); });
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

float get_value(dtype type, std::byte const* base, std::int64_t index) {
  if (type == dtype::f32) {
    float value = 0;
    std::memcpy(&value, base + index * 4, sizeof value);
    return value;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, base + index * 2, sizeof bits);
  if (type == dtype::bf16) return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  hwy::float16_t half;
  std::memcpy(&half, &bits, sizeof bits);
  return hwy::F32FromF16(half);
}

std::int64_t table_index(int cols, std::int64_t row, std::int64_t k) { return row * padded(cols) + k; }

std::int64_t panel_index(dtype type, int cols, std::int64_t row, std::int64_t k) {
  std::int64_t const panel = row / panel_rows * panel_rows * packed_depth(type, cols);
  std::int64_t const lane = row % panel_rows;
  return panel + (type == dtype::bf16 ? (k / 2 * panel_rows + lane) * 2 + k % 2 : k * panel_rows + lane);
}

void put_table_row(dtype type, std::byte* base, std::int64_t row, std::span<float const> values) {
  if (type == dtype::q8_0)
    return put_blocks_of_table<q8_0_row_block>(type, base, static_cast<std::size_t>(row), values);
  if (type == dtype::q4_0)
    return put_blocks_of_table<q4_0_row_block>(type, base, static_cast<std::size_t>(row), values);
  auto const cols = static_cast<int>(values.size());
  for (int k = 0; k < cols; ++k) put_value(type, base, table_index(cols, row, k), values[static_cast<std::size_t>(k)]);
}

void put_panel_row(dtype type, std::byte* base, std::int64_t row, std::span<float const> values) {
  if (type == dtype::q8_0) return put_blocks_of_panel<q8_0_block>(type, base, static_cast<std::size_t>(row), values);
  if (type == dtype::q4_0) return put_blocks_of_panel<q4_0_block>(type, base, static_cast<std::size_t>(row), values);
  auto const cols = static_cast<int>(values.size());
  for (int k = 0; k < cols; ++k)
    put_value(type, base, panel_index(type, cols, row, k), values[static_cast<std::size_t>(k)]);
}

}  // namespace constformer::command

#include "pack_row.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <iterator>
#include <string>

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/checkpoint/super_blocks.hpp"
#include "constformer/core/error.hpp"
#include "constformer/checkpoint/packed_value.hpp"
#include "half.hpp"
#include "quantise.hpp"
#include "quantise_k.hpp"
#include "../checkpoint/readers/ggml_blocks.hpp"

namespace constformer::command {

namespace {

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

// The six bits of eight scales and eight offsets.
std::array<std::byte, k_scale_bytes> six_bits(k_group const& group) {
  std::array<std::byte, k_scale_bytes> out{};
  for (std::size_t i = 0; i < 4; ++i) {
    int const scale = group.factors[2 * i], least = group.offsets[2 * i];
    int const later_scale = group.factors[2 * i + 8], later_least = group.offsets[2 * i + 8];
    out[i] = static_cast<std::byte>(scale | later_scale >> 4 << 6);
    out[i + 4] = static_cast<std::byte>(least | later_least >> 4 << 6);
    out[i + 8] = static_cast<std::byte>((later_scale & 15) | (later_least & 15) << 4);
  }
  return out;
}

// Adds bits to a byte of a block, which is 0 before.
void add_bits(std::uint8_t& to, int bits) { to = static_cast<std::uint8_t>(to | bits); }

template <class RowBlock>
void put_affine(RowBlock& block, k_group const& group) {
  block = {};
  block.scale = group.scale;
  block.least = group.least;
  block.packed = six_bits(group);
  for (std::size_t k = 0; k < super_columns; ++k) {
    add_bits(block.values[k / 64 * 32 + k % 32], (group.values[k] & 15) << (k % 64 / 32 * 4));
    if constexpr (requires { block.high; }) add_bits(block.high[k % 32], group.values[k] >> 4 << (k / 32));
  }
}

void put(q4_k_row_block& block, k_group const& group) { put_affine(block, group); }
void put(q5_k_row_block& block, k_group const& group) { put_affine(block, group); }

void put(q6_k_row_block& block, k_group const& group) {
  block = {};
  block.scale = group.scale;
  std::ranges::transform(group.factors, std::begin(block.packed), [](int f) { return static_cast<std::int8_t>(f); });
  for (std::size_t k = 0; k < super_columns; ++k) {
    int const bits = group.values[k] + 32;
    add_bits(block.values[k / 128 * 64 + k % 64], (bits & 15) << (k % 128 / 64 * 4));
    add_bits(block.high[k / 128 * 32 + k % 32], bits >> 4 << (k % 128 / 32 * 2));
  }
}

// Low bits of the columns of a panel's row, which are 0 before.
void put_halves(woven_halves& values, std::size_t row, std::size_t k, int bits) {
  std::size_t const within = k % 16;
  add_bits(values[k / block_columns][within / quad_columns][row][within % quad_columns],
           (bits & 15) << (k % block_columns / 16 * 4));
}

template <class Block>
void put_affine(Block& block, std::size_t row, k_group const& group) {
  block.scales[row] = group.scale;
  block.leasts[row] = group.least;
  auto const packed = six_bits(group);
  for (std::size_t i = 0; i < packed.size(); ++i) block.packed[i][row] = std::to_integer<std::uint8_t>(packed[i]);
  for (std::size_t k = 0; k < super_columns; ++k) {
    put_halves(block.values, row, k, group.values[k]);
    std::size_t const within = k % block_columns;
    if constexpr (requires { block.high; })
      add_bits(block.high[k / block_columns][row][within % quad_columns],
               group.values[k] >> 4 << (within / quad_columns));
  }
}

void put(q4_k_block& block, std::size_t row, k_group const& group) { put_affine(block, row, group); }
void put(q5_k_block& block, std::size_t row, k_group const& group) { put_affine(block, row, group); }

void put(q6_k_block& block, std::size_t row, k_group const& group) {
  block.scales[row] = group.scale;
  for (std::size_t i = 0; i < group.factors.size(); ++i)
    block.packed[i / 2][i % 2][row] = static_cast<std::int8_t>(group.factors[i]);
  for (std::size_t k = 0; k < super_columns; ++k) {
    int const bits = group.values[k] + 32;
    std::size_t const within = k % 16;
    put_halves(block.values, row, k, bits);
    add_bits(block.high[k / block_columns][k % block_columns / 16][row][within % quad_columns],
             bits >> 4 << (2 * (within / quad_columns)));
  }
}

// 32 columns as any block has them.
using wide_group = std::array<ggml_columns, 2>;

void put(q8_f_row_block& block, wide_group const& group) {
  for (std::size_t half = 0; half < 2; ++half) {
    block.scales[half] = group[half].scale;
    block.leasts[half] = group[half].offset;
    std::ranges::copy(group[half].values, block.values + 16 * half);
  }
}

void put(q8_f_block& block, std::size_t row, wide_group const& group) {
  for (std::size_t half = 0; half < 2; ++half) {
    block.scales[half][row] = group[half].scale;
    block.leasts[half][row] = group[half].offset;
  }
  for (std::size_t k = 0; k < block_columns; ++k)
    block.values[k / quad_columns][row][k % quad_columns] = group[k / 16].values[k % 16];
}

// The groups of a row: of values that are quantised now, or as a file has them.
struct rounded_groups {
  static constexpr int columns = block_columns;
  dtype type;
  std::span<float const> values;
  [[nodiscard]] std::size_t count() const { return (values.size() + block_columns - 1) / block_columns; }
  [[nodiscard]] quantised_group operator[](std::size_t i) const {
    auto const rest = values.subspan(i * block_columns);
    return quantise(type, rest.first(std::min<std::size_t>(rest.size(), block_columns)));
  }
};

struct rounded_k_groups {
  static constexpr int columns = super_columns;
  dtype type;
  std::span<float const> values;
  [[nodiscard]] std::size_t count() const { return values.size() / super_columns; }
  [[nodiscard]] k_group operator[](std::size_t i) const {
    return quantise_k(type, values.subspan(i * super_columns).first<super_columns>());
  }
};

// Blocks of `type` in a file, each of `stored_columns`.
struct stored_blocks {
  dtype type;
  std::span<std::byte const> bytes;
  [[nodiscard]] std::size_t size() const { return bytes.size() / static_cast<std::size_t>(group_of(type).bytes); }
  [[nodiscard]] std::byte const* operator[](std::size_t i) const {
    return bytes.data() + i * static_cast<std::size_t>(group_of(type).bytes);
  }
};

struct stored_groups {
  static constexpr int columns = block_columns;
  stored_blocks blocks;
  [[nodiscard]] std::size_t count() const { return blocks.size(); }
  [[nodiscard]] quantised_group operator[](std::size_t i) const { return stored_group(blocks.type, blocks[i]); }
};

struct stored_k_groups {
  static constexpr int columns = super_columns;
  stored_blocks blocks;
  [[nodiscard]] std::size_t count() const { return blocks.size(); }
  [[nodiscard]] k_group operator[](std::size_t i) const { return stored_k_group(blocks.type, blocks[i]); }
};

struct stored_wide_groups {
  static constexpr int columns = block_columns;
  stored_blocks blocks;
  [[nodiscard]] std::size_t each() const {
    return static_cast<std::size_t>(group_of(blocks.type).values) / block_columns;
  }
  [[nodiscard]] std::size_t count() const { return blocks.size() * each(); }
  [[nodiscard]] wide_group operator[](std::size_t i) const {
    std::array<ggml_columns, largest_block / ggml_columns::count> all{};
    read_ggml_block(blocks.type, blocks[i / each()], all);
    return {all[2 * (i % each())], all[2 * (i % each()) + 1]};
  }
};

template <class Block, class Groups>
void put_in_table(Groups const& groups, std::byte* base, std::size_t row) {
  auto* const blocks = reinterpret_cast<Block*>(base) + row * groups.count();
  for (std::size_t i = 0; i < groups.count(); ++i) put(blocks[i], groups[i]);
}

template <dtype Type, class Groups>
void put_in_panel(Groups const& groups, std::byte* base, matrix_shape shape, std::int64_t row) {
  auto* const blocks = reinterpret_cast<stored<Type>*>(base);
  for (std::size_t i = 0; i < groups.count(); ++i) {
    std::int64_t const line = line_of(Type, shape, row, static_cast<std::int64_t>(i) * Groups::columns);
    put(blocks[line], static_cast<std::size_t>(row % panel_rows), groups[i]);
  }
}

// Where a row goes: calls `at` for the type as a template argument.
struct in_table {
  std::byte* base;
  std::int64_t row;
  template <dtype Type, class Groups>
  void put_all(Groups const& groups) const {
    put_in_table<stored_row<Type>>(groups, base, static_cast<std::size_t>(row));
  }
};

struct in_panel {
  std::byte* base;
  matrix_shape shape;
  std::int64_t row;
  template <dtype Type, class Groups>
  void put_all(Groups const& groups) const {
    put_in_panel<Type>(groups, base, shape, row);
  }
};

template <class Place>
void put_rounded(Place const& place, dtype type, std::span<float const> values) {
  switch (type) {
    case dtype::q8_0: return place.template put_all<dtype::q8_0>(rounded_groups{type, values});
    case dtype::q4_0: return place.template put_all<dtype::q4_0>(rounded_groups{type, values});
    case dtype::iq4_nl: return place.template put_all<dtype::iq4_nl>(rounded_groups{type, values});
    case dtype::q4_k: return place.template put_all<dtype::q4_k>(rounded_k_groups{type, values});
    case dtype::q5_k: return place.template put_all<dtype::q5_k>(rounded_k_groups{type, values});
    case dtype::q6_k: return place.template put_all<dtype::q6_k>(rounded_k_groups{type, values});
    default: throw error("values cannot be rounded to " + std::string(name_of(type)));
  }
}

template <class Place>
void put_stored(Place const& place, dtype type, stored_blocks const& blocks) {
  switch (type) {
    case dtype::q8_0: return place.template put_all<dtype::q8_0>(stored_groups{blocks});
    case dtype::q4_0: return place.template put_all<dtype::q4_0>(stored_groups{blocks});
    case dtype::iq4_nl: return place.template put_all<dtype::iq4_nl>(stored_groups{blocks});
    case dtype::q4_k: return place.template put_all<dtype::q4_k>(stored_k_groups{blocks});
    case dtype::q5_k: return place.template put_all<dtype::q5_k>(stored_k_groups{blocks});
    case dtype::q6_k: return place.template put_all<dtype::q6_k>(stored_k_groups{blocks});
    default: return place.template put_all<dtype::q8_f>(stored_wide_groups{blocks});
  }
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
    case dtype::q4_k: return read.template operator()<dtype::q4_k>();
    case dtype::q5_k: return read.template operator()<dtype::q5_k>();
    case dtype::q6_k: return read.template operator()<dtype::q6_k>();
    case dtype::q8_f: return read.template operator()<dtype::q8_f>();
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
  if (has_groups(type)) return put_rounded(in_table{base, row}, type, values);
  auto const cols = static_cast<int>(values.size());
  for (int k = 0; k < cols; ++k) put_value(type, base, row * padded(cols) + k, values[static_cast<std::size_t>(k)]);
}

void put_panel_row(dtype type, std::byte* base, matrix_shape shape, std::int64_t row, std::span<float const> values) {
  if (has_groups(type)) return put_rounded(in_panel{base, shape, row}, type, values);
  for (int k = 0; k < shape.cols; ++k)
    put_value(type, base, element_of(type, shape, row, k), values[static_cast<std::size_t>(k)]);
}

void put_stored_table_row(dtype type, std::byte* base, std::int64_t row, dtype stored,
                          std::span<std::byte const> blocks) {
  put_stored(in_table{base, row}, type, {stored, blocks});
}

void put_stored_panel_row(dtype type, std::byte* base, matrix_shape shape, std::int64_t row, dtype stored,
                          std::span<std::byte const> blocks) {
  put_stored(in_panel{base, shape, row}, type, {stored, blocks});
}

}  // namespace constformer::command

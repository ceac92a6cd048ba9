#pragma once

#include <cstddef>
#include <cstdint>

#include "hwy/base.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

namespace detail {

template <dtype Type>
struct kept_types;
template <>
struct kept_types<dtype::f32> {
  using type = float;
};
template <>
struct kept_types<dtype::bf16> {
  using type = hwy::bfloat16_t;
};
template <>
struct kept_types<dtype::i8> {
  using type = std::int8_t;
};

}  // namespace detail

/// What a cache of that type consists of. Its pieces hold 16 positions of one head, keys and values apart.
template <dtype Type>
using kept = typename detail::kept_types<Type>::type;

/// Dimensions of a key, or positions of values, that lie in one 32-bit lane: pairs of bf16, so that widening is a shift
/// and a mask.
[[nodiscard]] constexpr std::size_t kept_together(dtype type) { return type == dtype::bf16 ? 2 : 1; }

/// Elements at the start of a piece of i8 that hold its f32 scales, one per position: a line of the cache. Other types
/// have none.
[[nodiscard]] constexpr std::size_t kept_scales(dtype type) {
  return type == dtype::i8 ? panel_rows * sizeof(float) : 0;
}

/// Elements of a piece of keys: scales, then (head_dim / together, 16, together).
[[nodiscard]] constexpr std::size_t key_piece(dtype type, int head_dim) {
  auto const dims = round_up(head_dim, static_cast<std::int64_t>(kept_together(type)));
  return kept_scales(type) + static_cast<std::size_t>(dims) * panel_rows;
}

/// Elements of a piece of values, or of the first `positions` of one: scales, then (16 / together, padded head_dim,
/// together).
[[nodiscard]] constexpr std::size_t value_piece(dtype type, int head_dim, int positions = panel_rows) {
  auto const rows = round_up(positions, static_cast<std::int64_t>(kept_together(type)));
  return kept_scales(type) + static_cast<std::size_t>(rows) * static_cast<std::size_t>(padded(head_dim));
}

/// Where in a piece of keys dimension `dim` of position `lane` is.
[[nodiscard]] constexpr std::size_t key_place(dtype type, std::size_t dim, std::size_t lane) {
  std::size_t const together = kept_together(type);
  return kept_scales(type) + (dim / together * panel_rows + lane) * together + dim % together;
}

/// Where in a piece of values dimension `dim` of position `lane` is.
[[nodiscard]] constexpr std::size_t value_place(dtype type, int head_dim, std::size_t dim, std::size_t lane) {
  std::size_t const together = kept_together(type);
  auto const width = static_cast<std::size_t>(padded(head_dim));
  return kept_scales(type) + (lane / together * width + dim) * together + lane % together;
}

/// Bytes of a cache of `blocks` blocks, each of which holds `slots` pieces of that many elements.
[[nodiscard]] constexpr std::size_t kept_bytes(dtype type, std::size_t blocks, int slots, std::size_t piece) {
  return blocks * static_cast<std::size_t>(slots) * piece * static_cast<std::size_t>(group_of(type).bytes);
}

}  // namespace constformer

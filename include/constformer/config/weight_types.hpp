#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "constformer/config/layer_set.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

/// The matrices of a stack that may have types of their own. Gate and up share one, as do key and value of
/// cross-attention; a tied head is `tokens`.
enum class weight_kind : std::uint8_t {
  tokens,
  head,
  query,
  key,
  value,
  output,
  up,
  down,
  cross_query,
  cross_kv,
  cross_output
};

/// How many kinds there are.
inline constexpr std::size_t weight_kinds = 11;

/// The enumerator's own name.
[[nodiscard]] constexpr std::string_view name_of(weight_kind kind) {
  constexpr std::string_view names[weight_kinds]{"tokens", "head", "query",       "key",      "value",       "output",
                                                 "up",     "down", "cross_query", "cross_kv", "cross_output"};
  return names[static_cast<std::size_t>(kind)];
}

/// Matrices of one kind whose type is not `config::weights`.
struct weight_type {
  weight_kind kind = weight_kind::tokens;  ///< which
  dtype type = dtype::f32;                 ///< as packed
  layer_set layers{};                      ///< in which layers; tokens and head: 0
  bool encoder = false;                    ///< of the encoder of an encoder-decoder model

  bool operator==(weight_type const&) const = default;
};

/// Types that differ from `config::weights`: files mix them from matrix to matrix and from layer to layer.
struct weight_types {
  static constexpr int limit = 24;  ///< more than llama-quantize uses: 4 types of each of 6 kinds
  weight_type list[limit]{};        ///< those from `count` on are unused
  int count = 0;                    ///< in use

  bool operator==(weight_types const&) const = default;
};

}  // namespace constformer

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "constformer/core/text.hpp"

namespace constformer {

/// Element types of tensors in files, packed weights and caches. Block formats follow GGUF: q8_0 is 32 int8 and one f16
/// scale, q4_0 is 32 values of four bits and one f16 scale, iq4_nl is the same with uneven levels.
enum class dtype : std::uint8_t { f32, f16, bf16, i8, q8_0, q4_0, iq4_nl };

/// Values that share one scale, and the bytes such a group takes; plain types are groups of one.
struct dtype_group {
  int values;  ///< elements of one group
  int bytes;   ///< of one group, its scale included
};

/// The group of a type: (1, 4) for f32, (32, 34) for q8_0.
[[nodiscard]] constexpr dtype_group group_of(dtype type) {
  switch (type) {
    case dtype::f32: return {1, 4};
    case dtype::f16:
    case dtype::bf16: return {1, 2};
    case dtype::i8: return {1, 1};
    case dtype::q8_0: return {32, 34};
    case dtype::q4_0:
    case dtype::iq4_nl: return {32, 18};
  }
  return {1, 0};
}

/// Bytes of `count` values, which must be whole groups.
[[nodiscard]] constexpr std::int64_t bytes_of(dtype type, std::int64_t count) {
  auto const group = group_of(type);
  return count / group.values * group.bytes;
}

/// Values under one scale if the type has scales, else 0: what `config::group` must be.
[[nodiscard]] constexpr int quantisation_group(dtype type) {
  return group_of(type).values > 1 ? group_of(type).values : 0;
}

/// The enumerator's own name, as config headers and messages write it.
[[nodiscard]] constexpr std::string_view name_of(dtype type) {
  switch (type) {
    case dtype::f32: return "f32";
    case dtype::f16: return "f16";
    case dtype::bf16: return "bf16";
    case dtype::i8: return "i8";
    case dtype::q8_0: return "q8_0";
    case dtype::q4_0: return "q4_0";
    case dtype::iq4_nl: return "iq4_nl";
  }
  return "?";
}

/// The name as a text that may be a template argument.
template <dtype Type>
inline constexpr auto dtype_text = [] {
  fixed_text<name_of(Type).size()> out;
  for (std::size_t i = 0; i < out.size(); ++i) out.chars[i] = name_of(Type)[i];
  return out;
}();

}  // namespace constformer

#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "constformer/core/text.hpp"

namespace constformer {

/// Element types of tensors in files, packed weights and caches. Block formats are GGUF's, under ggml's names, but for
/// q8_f: 32 int8, and for every 16 of them a scale and an offset in f32, which holds what any of them stands for.
enum class dtype : std::uint8_t {
  f32,
  f16,
  bf16,
  i8,  // plain
  q8_0,
  q4_0,
  iq4_nl,
  q4_1,
  q5_0,
  q5_1,  // blocks of 32 columns
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,  // blocks of 256, whose scales are integers
  iq4_xs,
  iq3_s,
  iq3_xxs,
  iq2_s,
  iq2_xs,
  iq2_xxs,
  iq1_s,
  iq1_m,  // points of grids
  tq1_0,
  tq2_0,  // -1, 0 and 1
  mxfp4,
  nvfp4,  // 4-bit floats
  q8_f
};

/// Values that share one scale, and the bytes such a group takes; plain types are groups of one.
struct dtype_group {
  int values;  ///< elements of one group
  int bytes;   ///< of one group, its scale included
};

namespace detail {

struct dtype_facts {
  std::string_view name;
  dtype_group group;
};

inline constexpr dtype_facts dtype_table[]{
    {"f32", {1, 4}},        {"f16", {1, 2}},       {"bf16", {1, 2}},       {"i8", {1, 1}},       {"q8_0", {32, 34}},
    {"q4_0", {32, 18}},     {"iq4_nl", {32, 18}},  {"q4_1", {32, 20}},     {"q5_0", {32, 22}},   {"q5_1", {32, 24}},
    {"q2_k", {256, 84}},    {"q3_k", {256, 110}},  {"q4_k", {256, 144}},   {"q5_k", {256, 176}}, {"q6_k", {256, 210}},
    {"iq4_xs", {256, 136}}, {"iq3_s", {256, 110}}, {"iq3_xxs", {256, 98}}, {"iq2_s", {256, 82}}, {"iq2_xs", {256, 74}},
    {"iq2_xxs", {256, 66}}, {"iq1_s", {256, 50}},  {"iq1_m", {256, 56}},   {"tq1_0", {256, 54}}, {"tq2_0", {256, 66}},
    {"mxfp4", {32, 17}},    {"nvfp4", {64, 36}},   {"q8_f", {32, 48}},
};

}  // namespace detail

/// How many types there are.
inline constexpr int dtype_count = static_cast<int>(std::size(detail::dtype_table));

/// The group of a type: (1, 4) for f32, (32, 34) for q8_0.
[[nodiscard]] constexpr dtype_group group_of(dtype type) { return detail::dtype_table[static_cast<int>(type)].group; }

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
  return detail::dtype_table[static_cast<int>(type)].name;
}

/// The name as a text that may be a template argument.
template <dtype Type>
inline constexpr auto dtype_text = [] {
  fixed_text<name_of(Type).size()> out;
  for (std::size_t i = 0; i < out.size(); ++i) out.chars[i] = name_of(Type)[i];
  return out;
}();

}  // namespace constformer

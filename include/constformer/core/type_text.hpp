#pragma once

#include <cstddef>
#include <string_view>

#include "constformer/core/text.hpp"

namespace constformer {

namespace detail {

// The name of this function as the compiler writes it, with T in it: "… [with T = float; …]", "… [T = float]".
template <class T>
constexpr std::string_view function_of_type() {
  return __PRETTY_FUNCTION__;
}

}  // namespace detail

/// The name of a type, as the compiler writes it, for sentences.
template <class T>
constexpr auto type_text() {
  constexpr std::string_view whole = detail::function_of_type<T>();
  constexpr std::size_t begin = whole.find("T = ") + 4;
  constexpr std::size_t end = whole.find_first_of(";]", begin);
  fixed_text<end - begin> out;
  for (std::size_t i = 0; i < end - begin; ++i) out.chars[i] = whole[begin + i];
  return out;
}

}  // namespace constformer

#pragma once

#include <cstdint>

/// Strings and numbers of JSON, byte by byte; a place of 0 is before the first.
namespace constformer::serve {

inline constexpr std::uint16_t string_body = 1;  ///< between two characters
inline constexpr std::uint16_t string_done = 99;

/// Goes on by `byte`; false: it is not allowed. Characters are UTF-8, \u names no surrogates.
[[nodiscard]] bool next_in_string(std::uint16_t& place, unsigned char byte);

/// The same of a number; `digits` counts those of a part: whole, fraction, exponent. Parts have 17 at most, exponents
/// 2.
[[nodiscard]] bool next_in_number(std::uint16_t& place, std::uint32_t& digits, unsigned char byte, bool whole);

[[nodiscard]] bool may_end_number(std::uint16_t place);

}  // namespace constformer::serve

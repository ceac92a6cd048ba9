#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace constformer {

/// Two lower-case digits for each byte.
inline std::string hexadecimal(std::span<std::byte const> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (std::byte const b : bytes)
    for (std::size_t const nibble : {std::to_integer<std::size_t>(b) >> 4, std::to_integer<std::size_t>(b) & 15U})
      out += digits[nibble];
  return out;
}

/// Fills `out` by such digits; false if `text` is not two of them for each byte.
inline bool read_hexadecimal(std::string_view text, std::span<std::byte> out) {
  auto const digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  bool fits = text.size() == 2 * out.size();
  for (std::size_t i = 0; fits && i < out.size(); ++i) {
    int const high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    fits = high >= 0 && low >= 0;
    if (fits) out[i] = static_cast<std::byte>(high << 4 | low);
  }
  return fits;
}

}  // namespace constformer

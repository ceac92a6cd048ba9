#include "text/sources/base64.hpp"

#include <cstdint>

#include "constformer/core/error.hpp"

namespace constformer::text {

std::string decode_base64(std::string_view text, std::string_view name) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int held = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (char const c : text) {
    std::size_t const value = alphabet.find(c);
    if (value == std::string_view::npos)
      throw error(std::string(name) + ": base64 text with character " + std::to_string(static_cast<unsigned char>(c)));
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(static_cast<unsigned char>(bits >> held)));
  }
  return out;
}

}  // namespace constformer::text

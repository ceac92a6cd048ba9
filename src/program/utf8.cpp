#include "utf8.hpp"

#include <cstdint>

namespace constformer::program {

namespace {

struct form {
  std::size_t bytes;
  std::uint32_t bits;   // of the first byte
  std::uint32_t least;  // what shorter forms cannot say
};

constexpr form form_of(unsigned char first) {
  if (first < 0x80) return {1, first, 0};
  if (first >= 0xC2 && first < 0xE0) return {2, first & 0x1FU, 0x80};
  if (first >= 0xE0 && first < 0xF0) return {3, first & 0x0FU, 0x800};
  if (first >= 0xF0 && first < 0xF5) return {4, first & 0x07U, 0x10000};
  return {0, 0, 0};
}

// Bytes of the character at the front of `text`, 0 if there is none.
std::size_t character_bytes(std::string_view text) {
  auto const [bytes, bits, least] = form_of(static_cast<unsigned char>(text.front()));
  if (bytes == 0 || bytes > text.size()) return 0;
  std::uint32_t value = bits;
  for (char const c : text.substr(1, bytes - 1)) {
    auto const byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) return 0;
    value = value << 6 | (byte & 0x3FU);
  }
  bool const surrogate = value >= 0xD800 && value < 0xE000;
  return value < least || surrogate || value > 0x10FFFF ? 0 : bytes;
}

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t const bytes = character_bytes(text.substr(at));
    if (bytes == 0) return at;
    at += bytes;
  }
  return at;
}

}  // namespace constformer::program

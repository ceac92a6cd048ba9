#include "base64.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace constformer::serve {

namespace {

constexpr char const* alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64_of(std::span<float const> numbers) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(numbers.size() * 4);
  for (float const number : numbers)
    for (std::uint32_t bits = std::bit_cast<std::uint32_t>(number), i = 0; i < 4; ++i)
      bytes.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    auto const at = [&](std::size_t k) { return i + k < bytes.size() ? std::uint32_t{bytes[i + k]} : 0U; };
    std::uint32_t const three = at(0) << 16 | at(1) << 8 | at(2);
    for (std::uint32_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : alphabet[three >> (18 - 6 * k) & 63];
  }
  return out;
}

}  // namespace constformer::serve

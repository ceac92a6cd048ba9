#include "wider.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace constformer {

namespace {

// E5M2 is the upper byte of an f16.
std::uint16_t half_of_e5m2(std::uint8_t bits) { return static_cast<std::uint16_t>(bits << 8); }

// E4M3 (OCP 8-bit floating point, "FN"): bias 7, no infinity, all ones is NaN. f16 has bias 15 and three more bits.
std::uint16_t half_of_e4m3(std::uint8_t bits) {
  unsigned const sign = (bits & 0x80U) << 8, exponent = (bits >> 3) & 15U, fraction = bits & 7U;
  if ((bits & 0x7FU) == 0x7FU) return static_cast<std::uint16_t>(sign | 0x7E00U);
  if (exponent > 0) return static_cast<std::uint16_t>(sign | (exponent + 8) << 10 | fraction << 7);
  if (fraction == 0) return static_cast<std::uint16_t>(sign);
  // fraction · 2⁻⁹: normal in f16.
  unsigned const top = static_cast<unsigned>(std::bit_width(fraction)) - 1;
  unsigned const rest = (fraction << (10 - top)) & 0x3FFU;
  return static_cast<std::uint16_t>(sign | (top + 6) << 10 | rest);
}

}  // namespace

std::optional<dtype> wider_type(std::string_view type) {
  if (type == "F64") return dtype::f32;
  if (type == "F8_E4M3" || type == "F8_E5M2") return dtype::f16;
  return std::nullopt;
}

std::vector<std::byte> widened(std::string_view type, std::span<std::byte const> bytes) {
  if (type == "F64") {
    std::vector<std::byte> out(bytes.size() / 2);
    for (std::size_t i = 0; i < bytes.size() / 8; ++i) {
      double value = 0;
      std::memcpy(&value, bytes.data() + 8 * i, 8);
      auto const narrow = static_cast<float>(value);
      std::memcpy(out.data() + 4 * i, &narrow, 4);
    }
    return out;
  }
  std::vector<std::byte> out(bytes.size() * 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto const bits = std::to_integer<std::uint8_t>(bytes[i]);
    std::uint16_t const half = type == "F8_E4M3" ? half_of_e4m3(bits) : half_of_e5m2(bits);
    std::memcpy(out.data() + 2 * i, &half, 2);
  }
  return out;
}

}  // namespace constformer

#pragma once

#include <bit>
#include <cstdint>

namespace constformer {

/// The value of a half. The exponent is rebased by a multiplication, which also normalises subnormals; no branch, so
/// that loops vectorise.
inline float from_f16(std::uint16_t half) {
  std::uint32_t const magnitude = (half & 0x7FFFU) << 13;
  std::uint32_t const sign = (half & 0x8000U) << 16;
  auto const rebased = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112F);
  std::uint32_t const special = (half & 0x7C00U) == 0x7C00U ? 0x7F800000U : 0U;
  return std::bit_cast<float>(rebased | special | sign);
}

}  // namespace constformer

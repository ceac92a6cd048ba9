#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "hwy/base.h"

namespace constformer::command {

/// The bits of `value` in f16, rounded to nearest, ties to even.
[[nodiscard]] inline std::uint16_t to_f16(float value) {
  hwy::float16_t const half = hwy::F16FromF32(value);
  std::uint16_t bits = 0;
  std::memcpy(&bits, &half, sizeof bits);
  return bits;
}

/// The bits of `value` in bf16, rounded alike; NaN stays NaN.
[[nodiscard]] inline std::uint16_t to_bf16(float value) {
  auto const bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

/// The value of such bits.
[[nodiscard]] inline float from_f16(std::uint16_t bits) {
  hwy::float16_t half;
  std::memcpy(&half, &bits, sizeof bits);
  return hwy::F32FromF16(half);
}

}  // namespace constformer::command

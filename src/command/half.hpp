#pragma once

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

/// The value of such bits.
[[nodiscard]] inline float from_f16(std::uint16_t bits) {
  hwy::float16_t half;
  std::memcpy(&half, &bits, sizeof bits);
  return hwy::F32FromF16(half);
}

}  // namespace constformer::command

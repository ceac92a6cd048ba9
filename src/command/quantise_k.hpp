#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "constformer/checkpoint/super_blocks.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer::command {

/// 256 neighbouring columns of one row in a K-quant: column k is scale·factors[k / 16]·values[k] − least·offsets[k /
/// 16], without offsets in q6_k.
struct k_group {
  std::uint16_t scale = 0;                  ///< f16
  std::uint16_t least = 0;                  ///< f16
  std::array<int, 16> factors{};            ///< of 16 columns; q4_k, q5_k: two neighbours are equal
  std::array<int, 16> offsets{};            ///< likewise
  std::array<int, super_columns> values{};  ///< q4_k: 0 to 15; q5_k: 0 to 31; q6_k: −32 to 31
};

/// Rounds 256 values as ggml's reference does: of several scales of each part the one of least weighted squared error,
/// then the scales to integers, then the values under these.
[[nodiscard]] k_group quantise_k(dtype type, std::span<float const, super_columns> values);

/// A block of GGUF's as it is: of q4_k and q5_k, or, as q6_k has them, of q6_k, q3_k, tq1_0 and tq2_0.
[[nodiscard]] k_group stored_k_group(dtype type, std::byte const* block);

}  // namespace constformer::command

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer::command {

/// Up to 32 neighbouring columns of one row: column k is scale·values[k].
struct quantised_group {
  std::uint16_t scale;                    ///< f16
  std::array<int, block_columns> values;  ///< q8_0: −128 to 127; q4_0: −8 to 7; iq4_nl: of its levels
};

/// Rounds at most 32 values; those that a last group of a row lacks are 0. q8_0 and q4_0 are what ggml makes of them;
/// the scale of iq4_nl is, of many, the one that leaves the smallest sum of squared errors.
[[nodiscard]] quantised_group quantise(dtype type, std::span<float const> values);

/// A block of 32 columns that a GGUF file holds in `type`, without offsets, as it is.
[[nodiscard]] quantised_group stored_group(dtype type, std::byte const* block);

}  // namespace constformer::command

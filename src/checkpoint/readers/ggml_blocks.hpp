#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "constformer/core/dtype.hpp"

namespace constformer {

/// 16 columns of a row as any of GGUF's block types has them: column k is scale·values[k] − offset. The product is
/// exact in f32 for all of them, so the values are those of ggml bit for bit.
struct ggml_columns {
  static constexpr int count = 16;  ///< columns
  float scale;                      ///< of the integers
  float offset;                     ///< 0 for types without
  std::int8_t values[count];        ///< by column
};

/// Columns of the longest block.
inline constexpr int largest_block = 256;

/// Takes one block of `type` apart: `group_of(type).bytes` at `block` into `group_of(type).values` / 16 groups.
void read_ggml_block(dtype type, std::byte const* block, std::span<ggml_columns> out);

}  // namespace constformer

#pragma once

#include <cstdint>

namespace constformer {

/// Rows of earlier tokens that a pass over later ones reads: keys and values, and what `shift` shifts. Where each value
/// lies in it is `cache_plan`'s.
struct row_cache {
  float* rows = nullptr;                ///< of slot 0
  std::int64_t capacity = 0;            ///< tokens of a slot
  std::int32_t const* slots = nullptr;  ///< of each sequence of the batch: the slot of its rows
  std::int32_t const* pasts = nullptr;  ///< of each sequence of the batch: its tokens before
  float* source = nullptr;              ///< rows of the source of all sequences, which a pass over it alone has left
  std::int64_t source_capacity = 0;     ///< tokens that it may have
  int source_length = 0;                ///< tokens that it has
  /// Of each sequence of the batch: what its last row asks of the source, the first head of the last attention to it.
  float* asked = nullptr;
};

}  // namespace constformer

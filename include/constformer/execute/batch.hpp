#pragma once

#include <cstdint>

namespace constformer {

/// Sequences of one length, one after the other, each column (sequences·length).
struct token_batch {
  std::int32_t const* tokens = nullptr;     ///< what the model reads
  std::int32_t const* positions = nullptr;  ///< place of each token in its sequence
  std::int32_t const* targets = nullptr;    ///< what it is to foretell; negative: nothing
  int sequences = 0;                        ///< how many
  int length = 0;                           ///< tokens of each

  /// Rows of all columns.
  [[nodiscard]] constexpr int rows() const { return sequences * length; }
};

}  // namespace constformer

#pragma once

#include <cstddef>
#include <span>

namespace constformer {

/// Logits of several rows, of a sequence or of several.
struct logit_rows {
  float const* first;  ///< row 0
  std::size_t stride;  ///< floats from one row to the next
  int rows;            ///< how many
  int vocab;           ///< logits of a row

  /// The logits (vocab) of row `row`.
  [[nodiscard]] std::span<float const> operator[](int row) const {
    return {first + static_cast<std::size_t>(row) * stride, static_cast<std::size_t>(vocab)};
  }
};

}  // namespace constformer

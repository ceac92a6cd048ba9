#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "constformer/checkpoint/embedding.hpp"

namespace constformer::program {

/// Hidden states of one text.
struct hidden_rows {
  std::span<float const> values;  ///< (tokens, width)
  std::size_t width;
  std::size_t skipped;  ///< rows at the beginning that no pooling looks at: those of a prompt
};

/// The vector (width) that `how` makes of rows; neither pooler nor none.
std::vector<float> pooled(hidden_rows const& rows, pooling_kind how);

/// Scales each row to length 1; rows shorter than 1e-12 keep their direction and get shorter
/// (torch.nn.functional.normalize).
void normalize_rows(std::span<float> rows, std::size_t width);

}  // namespace constformer::program

#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

namespace constformer::detail {

/// Forbids in `row` (vocab) the ids that would complete, after `context`, an n-gram that `text` holds. 0: none.
inline void forbid_repeats(std::span<int const> context, std::span<int const> text, int n, std::span<float> row) {
  auto const size = static_cast<std::size_t>(n);
  if (n == 0 || text.size() < size || context.size() + 1 < size) return;
  auto const last = context.last(size - 1);
  for (std::size_t i = 0; i + size <= text.size(); ++i)
    if (std::ranges::equal(text.subspan(i, size - 1), last))
      row[static_cast<std::size_t>(text[i + size - 1])] = -std::numeric_limits<float>::infinity();
}

}  // namespace constformer::detail

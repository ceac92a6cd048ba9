#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace constformer::detail {

/// The ids that would complete an n-gram which `tokens` hold already, into `out`, which has room for all of them; an id
/// may be there more than once.
inline void forbid_repeats(std::span<int const> tokens, int n, std::vector<int>& out) {
  out.clear();
  auto const size = static_cast<std::size_t>(n);
  if (n == 0 || tokens.size() < size) return;
  auto const last = tokens.last(size - 1);
  for (std::size_t i = 0; i + size <= tokens.size(); ++i)
    if (std::ranges::equal(tokens.subspan(i, size - 1), last)) out.push_back(tokens[i + size - 1]);
}

}  // namespace constformer::detail

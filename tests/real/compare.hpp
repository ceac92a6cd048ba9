#pragma once

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

namespace end_to_end {

/// Fails unless `ours` and `theirs` are equally long and at most 1e-4 of the range of `theirs` apart, which is the
/// project's bound for float32 against the original implementation.
template <class A, class B>
void check_close(std::vector<A> const& ours, std::vector<B> const& theirs) {
  REQUIRE(ours.size() == theirs.size());
  double gap = 0;
  double range = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    auto const a = static_cast<double>(ours[i]);
    auto const b = static_cast<double>(theirs[i]);
    gap = std::isnan(a) ? INFINITY : std::max(gap, std::abs(a - b));
    range = std::max(range, std::abs(b));
  }
  CAPTURE(gap, range);
  CHECK(gap <= 1e-4 * range);
}

}  // namespace end_to_end

#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

namespace constformer {

/// What every count of parameters, operations or bytes becomes when it does not fit into 63 bits. Counts stop there
/// instead of overflowing, because a file may name any extents; every published model at its whole context is exact.
inline constexpr std::int64_t beyond_counting = std::numeric_limits<std::int64_t>::max();

/// The sum of non-negative counts, or `beyond_counting`.
[[nodiscard]] constexpr std::int64_t sum_of(std::integral auto... counts) {
  std::int64_t sum = 0;
  ((sum = std::int64_t{counts} > beyond_counting - sum ? beyond_counting : sum + counts), ...);
  return sum;
}

/// The product of non-negative counts, or `beyond_counting`.
[[nodiscard]] constexpr std::int64_t product_of(std::integral auto... counts) {
  if (((counts == 0) || ...)) return 0;
  std::int64_t product = 1;
  ((product = std::int64_t{counts} > beyond_counting / product ? beyond_counting : product * counts), ...);
  return product;
}

/// A ratio of two counts; 0 if there is nothing to divide by.
[[nodiscard]] constexpr double ratio_of(std::int64_t numerator, std::int64_t denominator) {
  return denominator == 0 ? 0.0 : static_cast<double>(numerator) / static_cast<double>(denominator);
}

}  // namespace constformer

// Sums of squares, for norms of gradients.
#if defined(CONSTFORMER_KERNELS_SQUARES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_SQUARES_INL_HPP
#undef CONSTFORMER_KERNELS_SQUARES_INL_HPP
#else
#define CONSTFORMER_KERNELS_SQUARES_INL_HPP
#endif

#include <cstdint>

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Σ x² over `count` values, a multiple of `lanes` and so few that floats can add them up.
HWY_NOINLINE inline double sum_of_squares(float const* x, std::int64_t count) {
  float_tag const d;
  float_vec sums[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  std::int64_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes)
    for (int c = 0; c < 4; ++c) {
      auto const v = hn::LoadU(d, x + i + c * lanes);
      sums[c] = hn::MulAdd(v, v, sums[c]);
    }
  for (; i < count; i += lanes) {
    auto const v = hn::LoadU(d, x + i);
    sums[0] = hn::MulAdd(v, v, sums[0]);
  }
  return static_cast<double>(hn::ReduceSum(d, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]))));
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

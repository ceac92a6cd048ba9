// Whether numbers are numbers, so that no text is made of others.
#if defined(CONSTFORMER_KERNELS_FINITE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_FINITE_INL_HPP
#undef CONSTFORMER_KERNELS_FINITE_INL_HPP
#else
#define CONSTFORMER_KERNELS_FINITE_INL_HPP
#endif

#include <limits>

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Whether none of x (count) is NaN or +∞. −∞ is what biases and masks forbid with.
HWY_INLINE bool below_infinity(float const* HWY_RESTRICT x, int count) {
  float_tag const d;
  auto const most = hn::Set(d, std::numeric_limits<float>::max());
  auto good = hn::Eq(most, most);
  int k = 0;
  for (; k + lanes <= count; k += lanes) good = hn::And(good, hn::Le(hn::LoadU(d, x + k), most));
  bool rest = true;
  for (; k < count; ++k) rest = rest && x[k] <= std::numeric_limits<float>::max();
  return rest && hn::AllTrue(d, good);
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
#endif

// Averages of parameters over time.
#if defined(CONSTFORMER_KERNELS_LERP_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_LERP_INL_HPP
#undef CONSTFORMER_KERNELS_LERP_INL_HPP
#else
#define CONSTFORMER_KERNELS_LERP_INL_HPP
#endif

#include <cstdint>

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// a += weight·(b − a) over [first, last), multiples of `lanes`, as torch's lerp_ has it: from the nearer end.
HWY_NOINLINE inline void lerp(float* a, float const* b, std::int64_t first, std::int64_t last, double weight) {
  float_tag const d;
  bool const near_b = weight >= 0.5;
  auto const share = hn::Set(d, static_cast<float>(near_b ? weight - 1.0 : weight));
  for (std::int64_t i = first; i < last; i += lanes) {
    auto const from = hn::LoadU(d, a + i), to = hn::LoadU(d, b + i);
    hn::StoreU(hn::MulAdd(hn::Sub(to, from), share, near_b ? to : from), d, a + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

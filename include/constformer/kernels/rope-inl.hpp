// Rotation of neighbouring pairs (arXiv:2104.09864); packing made the pairs of every style neighbours.
#if defined(CONSTFORMER_KERNELS_ROPE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_ROPE_INL_HPP
#undef CONSTFORMER_KERNELS_ROPE_INL_HPP
#else
#define CONSTFORMER_KERNELS_ROPE_INL_HPP
#endif

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Rotates the first `dims` (even) of one head in place by factors from `rope_factors`.
HWY_INLINE void rotate(float* HWY_RESTRICT head, float const* HWY_RESTRICT cos, float const* HWY_RESTRICT sin,
                       int dims) {
  [[maybe_unused]] float_tag const d;
  int i = 0;
  if constexpr (lanes > 1) {
    for (; i + lanes <= dims; i += lanes) {
      auto const x = hn::LoadU(d, head + i);
      hn::StoreU(hn::MulAdd(hn::Reverse2(d, x), hn::LoadU(d, sin + i), hn::Mul(x, hn::LoadU(d, cos + i))), d, head + i);
    }
  }
  for (; i < dims; i += 2) {
    float const even = head[i];
    head[i] = even * cos[i] + head[i + 1] * sin[i];
    head[i + 1] = head[i + 1] * cos[i + 1] + even * sin[i + 1];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

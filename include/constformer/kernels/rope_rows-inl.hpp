// Rotary positions of whole rows of heads, forwards and back.
#if defined(CONSTFORMER_KERNELS_ROPE_ROWS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_ROPE_ROWS_INL_HPP
#undef CONSTFORMER_KERNELS_ROPE_ROWS_INL_HPP
#else
#define CONSTFORMER_KERNELS_ROPE_ROWS_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/config/kinds.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Rotates `pairs` pairs of one head: (a, b) becomes (a·cos − b·sin, b·cos + a·sin), with −sin if `Backwards`. Pairs
/// are (j, j + pairs), or neighbours with `Interleaved`.
template <bool Interleaved, bool Backwards>
HWY_INLINE void rotate_pairs(float const* from, float* out, int pairs, float const* cos, float const* sin) {
  if constexpr (Interleaved) {
    for (int j = 0; j < pairs; ++j) {
      float const s = Backwards ? -sin[j] : sin[j];
      float const a = from[2 * j], b = from[2 * j + 1];
      out[2 * j] = a * cos[j] - b * s;
      out[2 * j + 1] = b * cos[j] + a * s;
    }
    return;
  }
  float_tag const d;
  for (int j = 0; j < pairs; j += lanes) {
    auto const n = static_cast<std::size_t>(HWY_MIN(lanes, pairs - j));
    auto const a = hn::LoadN(d, from + j, n), b = hn::LoadN(d, from + pairs + j, n);
    auto const c = hn::LoadN(d, cos + j, n);
    auto s = hn::LoadN(d, sin + j, n);
    if constexpr (Backwards) s = hn::Neg(s);
    hn::StoreN(hn::NegMulAdd(b, s, hn::Mul(a, c)), d, out + j, n);
    hn::StoreN(hn::MulAdd(a, s, hn::Mul(b, c)), d, out + pairs + j, n);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

// RMSNorm and LayerNorm of one row.
#if defined(CONSTFORMER_KERNELS_NORM_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_NORM_INL_HPP
#undef CONSTFORMER_KERNELS_NORM_INL_HPP
#else
#define CONSTFORMER_KERNELS_NORM_INL_HPP
#endif

#include <cmath>

#include "hwy/highway.h"

#include "constformer/config/kinds.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Σ f(x[i]) over a row of `width` values, in four interleaved chains; f maps 0 to 0 for the lanes past the end.
template <class Map>
HWY_INLINE float sum_of(float const* HWY_RESTRICT x, int width, Map const& map) {
  float_tag const d;
  float_vec sums[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  int i = 0;
  for (; i + 4 * lanes <= width; i += 4 * lanes)
    for (int c = 0; c < 4; ++c) sums[c] = hn::Add(sums[c], map(hn::LoadU(d, x + i + c * lanes)));
  for (; i + lanes <= width; i += lanes) sums[0] = hn::Add(sums[0], map(hn::LoadU(d, x + i)));
  if (i < width) {
    auto const inside = hn::FirstN(d, static_cast<std::size_t>(width - i));
    sums[1] = hn::Add(sums[1], hn::IfThenElseZero(inside, map(hn::MaskedLoad(inside, d, x + i))));
  }
  return hn::ReduceSum(d, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3])));
}

/// out = norm(x)·weight (+ bias), rows of `width` values padded to whole panels; x and out may be the same.
/// RMSNorm: x·rsqrt(mean x² + eps). LayerNorm: (x − mean)·rsqrt(mean (x − mean)² + eps). deviation_norm:
/// (x − mean)/(√(Σ(x − mean)²/(width − 1)) + eps). bias may be null.
template <norm_kind Kind>
HWY_INLINE void normalize(float const* x, float const* HWY_RESTRICT weight, float const* HWY_RESTRICT bias, float* out,
                          int width, float eps) {
  float_tag const d;
  float const n = static_cast<float>(width);
  float mean = 0.0F;
  if constexpr (Kind != norm_kind::rms_norm) mean = sum_of(x, width, [](float_vec v) HWY_ATTR { return v; }) / n;
  auto const shift = hn::Set(d, mean);
  float const square = sum_of(x, width, [shift](float_vec v) HWY_ATTR {
    auto const centred = hn::Sub(v, shift);
    return hn::Mul(centred, centred);
  });
  float const spread =
      Kind == norm_kind::deviation_norm ? std::sqrt(square / (n - 1.0F)) + eps : std::sqrt(square / n + eps);
  auto const scale = hn::Set(d, 1.0F / spread);
  for (int i = 0; i < padded(width); i += lanes) {  // past the end weights are 0
    auto const y = hn::Mul(hn::Mul(hn::Sub(hn::LoadU(d, x + i), shift), scale), hn::LoadU(d, weight + i));
    hn::StoreU(bias == nullptr ? y : hn::Add(y, hn::LoadU(d, bias + i)), d, out + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

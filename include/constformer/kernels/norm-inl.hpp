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

/// What a norm takes from a row and multiplies it by: x − shift, times scale.
struct norm_terms {
  float shift;  ///< the mean, or 0 (RMSNorm)
  float scale;  ///< one over the root of the mean square of x − shift plus eps, or as deviation_norm has it
};

/// RMSNorm: x·rsqrt(mean x² + eps). LayerNorm: (x − mean)·rsqrt(mean (x − mean)² + eps). deviation_norm:
/// (x − mean)/(√(Σ(x − mean)²/(width − 1)) + eps). x has `width` values.
template <norm_kind Kind>
HWY_INLINE norm_terms norm_terms_of(float const* x, int width, float eps) {
  float const n = static_cast<float>(width);
  float mean = 0.0F;
  if constexpr (Kind != norm_kind::rms_norm) mean = sum_of(x, width, [](float_vec v) HWY_ATTR { return v; }) / n;
  auto const shift = hn::Set(float_tag(), mean);
  float const square = sum_of(x, width, [shift](float_vec v) HWY_ATTR {
    auto const centred = hn::Sub(v, shift);
    return hn::Mul(centred, centred);
  });
  float const spread =
      Kind == norm_kind::deviation_norm ? std::sqrt(square / (n - 1.0F)) + eps : std::sqrt(square / n + eps);
  return {mean, 1.0F / spread};
}

/// One head's RMSNorm in place: x = x·rsqrt(mean x² + eps)·weight, or without weight. Unlike rows, heads of `width`
/// values are not padded.
template <bool Weighted>
HWY_INLINE void normalize_head(float* HWY_RESTRICT x, float const* HWY_RESTRICT weight, int width, float eps) {
  float_tag const d;
  auto const scale = hn::Set(d, norm_terms_of<norm_kind::rms_norm>(x, width, eps).scale);
  int i = 0;
  for (; i + lanes <= width; i += lanes)
    if constexpr (Weighted)
      hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, x + i), scale), hn::LoadU(d, weight + i)), d, x + i);
    else
      hn::StoreU(hn::Mul(hn::LoadU(d, x + i), scale), d, x + i);
  for (; i < width; ++i) x[i] = x[i] * hn::GetLane(scale) * (Weighted ? weight[i] : 1.0F);
}

/// out = norm(x)·weight (+ bias), rows of `width` values padded to whole panels; x and out may be the same.
/// bias may be null; without a weight the padding of x must be 0.
template <norm_kind Kind, bool Weighted = true>
HWY_INLINE void normalize(float const* x, float const* HWY_RESTRICT weight, float const* HWY_RESTRICT bias, float* out,
                          int width, float eps) {
  float_tag const d;
  norm_terms const terms = norm_terms_of<Kind>(x, width, eps);
  auto const shift = hn::Set(d, terms.shift);
  auto const scale = hn::Set(d, terms.scale);
  for (int i = 0; i < padded(width); i += lanes) {  // past the end weights are 0
    auto y = hn::Mul(hn::Sub(hn::LoadU(d, x + i), shift), scale);
    if constexpr (Weighted) y = hn::Mul(y, hn::LoadU(d, weight + i));
    hn::StoreU(bias == nullptr ? y : hn::Add(y, hn::LoadU(d, bias + i)), d, out + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

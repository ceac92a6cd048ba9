// Backward passes of point-wise functions, norms and softmax, row by row.
#if defined(CONSTFORMER_KERNELS_GRADIENTS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_GRADIENTS_INL_HPP
#undef CONSTFORMER_KERNELS_GRADIENTS_INL_HPP
#else
#define CONSTFORMER_KERNELS_GRADIENTS_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/config/kinds.hpp"
#include "constformer/kernels/activation-inl.hpp"
#include "constformer/kernels/math-inl.hpp"
#include "constformer/kernels/norm-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The derivative of the point-wise function `Kind` at x.
template <activation_kind Kind>
HWY_INLINE float_vec activation_slope(float_tag d, float_vec x) {
  auto const one = hn::Set(d, 1.0F);
  auto const half = hn::Set(d, 0.5F);
  if constexpr (Kind == activation_kind::relu) return hn::IfThenElseZero(hn::Gt(x, hn::Zero(d)), one);
  if constexpr (Kind == activation_kind::relu2) return hn::Mul(hn::Set(d, 2.0F), hn::ZeroIfNegative(x));
  if constexpr (Kind == activation_kind::gelu) {
    auto const bell = hn::Mul(half, hn::Add(one, erf(d, hn::Mul(x, hn::Set(d, 0.7071067812F)))));
    auto const density = exp(d, hn::Mul(hn::Set(d, -0.5F), hn::Mul(x, x)));
    return hn::MulAdd(hn::Mul(x, hn::Set(d, 0.3989422804F)), density, bell);
  }
  if constexpr (Kind == activation_kind::gelu_tanh) {
    auto const square = hn::Mul(x, x);
    auto const inner = hn::Mul(hn::Set(d, 0.7978845608F), hn::MulAdd(hn::Mul(square, x), hn::Set(d, 0.044715F), x));
    auto const t = tanh(d, inner);
    auto const slope = hn::Mul(hn::Set(d, 0.7978845608F), hn::MulAdd(square, hn::Set(d, 0.134145F), one));
    return hn::MulAdd(hn::Mul(hn::Mul(half, x), hn::NegMulAdd(t, t, one)), slope, hn::Mul(half, hn::Add(one, t)));
  }
  if constexpr (Kind == activation_kind::quick_gelu) {
    auto const a = hn::Set(d, 1.702F);
    auto const s = logistic(d, hn::Mul(x, a));
    return hn::MulAdd(hn::Mul(hn::Mul(a, x), s), hn::Sub(one, s), s);
  }
  if constexpr (Kind == activation_kind::silu) {
    auto const s = logistic(d, x);
    return hn::MulAdd(hn::Mul(x, s), hn::Sub(one, s), s);
  }
  if constexpr (Kind == activation_kind::tanh) {
    auto const t = tanh(d, x);
    return hn::NegMulAdd(t, t, one);
  }
  if constexpr (Kind == activation_kind::sigmoid) {
    auto const s = logistic(d, x);
    return hn::Mul(s, hn::Sub(one, s));
  }
  if constexpr (Kind == activation_kind::identity) return one;
}

/// Σ f(a[i], b[i]) over `width` values, in the order of `sum_of`.
template <class Map>
HWY_INLINE float sum_of_pairs(float const* HWY_RESTRICT a, float const* HWY_RESTRICT b, int width, Map const& map) {
  float_tag const d;
  float_vec sums[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  int i = 0;
  for (; i + 4 * lanes <= width; i += 4 * lanes)
    for (int c = 0; c < 4; ++c)
      sums[c] = hn::Add(sums[c], map(hn::LoadU(d, a + i + c * lanes), hn::LoadU(d, b + i + c * lanes)));
  for (; i + lanes <= width; i += lanes) sums[0] = hn::Add(sums[0], map(hn::LoadU(d, a + i), hn::LoadU(d, b + i)));
  if (i < width) {
    auto const count = static_cast<std::size_t>(width - i);
    sums[1] = hn::Add(
        sums[1], hn::IfThenElseZero(hn::FirstN(d, count), map(hn::LoadN(d, a + i, count), hn::LoadN(d, b + i, count))));
  }
  return hn::ReduceSum(d, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3])));
}

/// out[i] = f(i) for whole vectors of [0, width), the last one in part.
template <class Map>
HWY_INLINE void store_row(float* HWY_RESTRICT out, int width, Map const& map) {
  float_tag const d;
  int i = 0;
  for (; i + lanes <= width; i += lanes) hn::StoreU(map(i, static_cast<std::size_t>(lanes)), d, out + i);
  auto const rest = static_cast<std::size_t>(width - i);
  if (rest > 0) hn::StoreN(map(i, rest), d, out + i, rest);
}

/// What `keep_top` gives those that it drops: a score that a softmax makes 0.
inline constexpr float dropped_score = -1e30F;

/// out = x where it is among the `count` largest of a row, the first of equal ones, else `dropped_score`.
HWY_INLINE void keep_top_row(float const* x, float* out, int width, int count) {
  for (int i = 0; i < width; ++i) {
    int above = 0;
    for (int j = 0; j < width; ++j) above += x[j] > x[i] || (x[j] == x[i] && j < i) ? 1 : 0;
    out[i] = above < count ? x[i] : dropped_score;
  }
}

/// Places of the `count` largest of a row, the largest first, the first of equal ones first.
HWY_INLINE void top_indices_row(float const* x, int width, float* out, int count) {
  for (int i = 0; i < width; ++i) {
    int above = 0;
    for (int j = 0; j < width; ++j) above += x[j] > x[i] || (x[j] == x[i] && j < i) ? 1 : 0;
    if (above < count) out[above] = static_cast<float>(i);
  }
}

/// One row of eˣ/Σeˣ.
HWY_INLINE void softmax_row(float const* HWY_RESTRICT x, float* HWY_RESTRICT out, int width) {
  float_tag const d;
  float peak = x[0];
  for (int i = 1; i < width; ++i) peak = HWY_MAX(peak, x[i]);
  store_row(out, width, [&](int i, std::size_t n) HWY_ATTR {
    return exp<true>(d, hn::Sub(hn::LoadN(d, x + i, n), hn::Set(d, peak)));
  });
  auto const share = hn::Set(d, 1.0F / sum_of(out, width, [](float_vec v) HWY_ATTR { return v; }));
  store_row(out, width, [&](int i, std::size_t n) HWY_ATTR { return hn::Mul(hn::LoadN(d, out + i, n), share); });
}

/// dx = y·(dy − Σ y·dy) of one row.
HWY_INLINE void softmax_gradient_row(float const* HWY_RESTRICT y, float const* HWY_RESTRICT dy, float* HWY_RESTRICT dx,
                                     int width) {
  float_tag const d;
  auto const inner =
      hn::Set(d, sum_of_pairs(y, dy, width, [](float_vec a, float_vec b) HWY_ATTR { return hn::Mul(a, b); }));
  store_row(dx, width, [&](int i, std::size_t n) HWY_ATTR {
    return hn::Mul(hn::LoadN(d, y + i, n), hn::Sub(hn::LoadN(d, dy + i, n), inner));
  });
}

/// One row of x without its weight, normed.
template <norm_kind Kind>
HWY_INLINE void normed_row(float const* HWY_RESTRICT x, float* HWY_RESTRICT out, int width, float eps) {
  float_tag const d;
  norm_terms const terms = norm_terms_of<Kind>(x, width, eps);
  store_row(out, width, [&](int i, std::size_t n) HWY_ATTR {
    return hn::Mul(hn::Sub(hn::LoadN(d, x + i, n), hn::Set(d, terms.shift)), hn::Set(d, terms.scale));
  });
}

/// dx of one row: with h = weight·dy and x̂ normed, r·(h − mean h − x̂·mean(h·x̂)); RMSNorm has no mean h, and
/// deviation_norm Σ(h·x̂)·(σ + eps)/((width − 1)·σ) in the place of the last mean. `weight` may be null.
template <norm_kind Kind>
HWY_INLINE void norm_gradient_row(float const* HWY_RESTRICT x, float const* HWY_RESTRICT weight,
                                  float const* HWY_RESTRICT dy, float* HWY_RESTRICT dx, int width, float eps) {
  float_tag const d;
  norm_terms const terms = norm_terms_of<Kind>(x, width, eps);
  float const n = static_cast<float>(width);
  auto const shift = hn::Set(d, terms.shift);
  auto const scale = hn::Set(d, terms.scale);
  auto const h = [&](int i, std::size_t count) HWY_ATTR {
    auto const g = hn::LoadN(d, dy + i, count);
    return weight == nullptr ? g : hn::Mul(g, hn::LoadN(d, weight + i, count));
  };
  store_row(dx, width, h);
  float const mean = Kind != norm_kind::rms_norm ? sum_of(dx, width, [](float_vec v) HWY_ATTR { return v; }) / n : 0;
  float const inner = sum_of_pairs(
      dx, x, width, [&](float_vec g, float_vec v) HWY_ATTR { return hn::Mul(g, hn::Mul(hn::Sub(v, shift), scale)); });
  float const deviation = 1.0F / terms.scale - eps;
  float const projection =
      Kind == norm_kind::deviation_norm ? inner / (terms.scale * deviation * (n - 1.0F)) : inner / n;
  store_row(dx, width, [&](int i, std::size_t count) HWY_ATTR {
    auto const hat = hn::Mul(hn::Sub(hn::LoadN(d, x + i, count), shift), scale);
    auto const centred = hn::Sub(hn::LoadN(d, dx + i, count), hn::Set(d, mean));
    return hn::Mul(scale, hn::NegMulAdd(hat, hn::Set(d, projection), centred));
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

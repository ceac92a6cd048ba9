// The point-wise functions of feed-forward layers.
#if defined(CONSTFORMER_KERNELS_ACTIVATION_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_ACTIVATION_INL_HPP
#undef CONSTFORMER_KERNELS_ACTIVATION_INL_HPP
#else
#define CONSTFORMER_KERNELS_ACTIVATION_INL_HPP
#endif

#include "hwy/highway.h"

#include "constformer/config/kinds.hpp"
#include "constformer/kernels/math-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// ½x(1 + tanh(√(2/π)(x + 0.044715x³))), GPT-2's GELU; differs from the erf form by up to 4.7e-4.
HWY_INLINE float_vec gelu_tanh(float_tag d, float_vec x) {
  auto const cubic = hn::MulAdd(hn::Mul(hn::Mul(x, x), x), hn::Set(d, 0.044715F), x);
  auto const bell = hn::Add(hn::Set(d, 1.0F), tanh(d, hn::Mul(cubic, hn::Set(d, 0.7978845608F))));
  return hn::Mul(hn::Mul(hn::Set(d, 0.5F), x), bell);
}

/// The point-wise function `Kind` of every lane.
template <activation_kind Kind>
HWY_INLINE float_vec activate(float_tag d, float_vec x) {
  if constexpr (Kind == activation_kind::relu) return hn::ZeroIfNegative(x);
  if constexpr (Kind == activation_kind::relu2) return hn::Mul(hn::ZeroIfNegative(x), x);
  if constexpr (Kind == activation_kind::gelu) {
    auto const bell = hn::Add(hn::Set(d, 1.0F), erf(d, hn::Mul(x, hn::Set(d, 0.7071067812F))));
    return hn::Mul(hn::Mul(hn::Set(d, 0.5F), x), bell);
  }
  if constexpr (Kind == activation_kind::gelu_tanh) return gelu_tanh(d, x);
  if constexpr (Kind == activation_kind::quick_gelu) return hn::Mul(x, logistic(d, hn::Mul(x, hn::Set(d, 1.702F))));
  if constexpr (Kind == activation_kind::silu) return hn::Mul(x, logistic(d, x));
  if constexpr (Kind == activation_kind::tanh) return tanh(d, x);
  if constexpr (Kind == activation_kind::sigmoid) return logistic(d, x);
  if constexpr (Kind == activation_kind::identity) return x;
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

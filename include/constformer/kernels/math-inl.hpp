// exp, tanh, erf and the logistic function on vectors, to a few units in the last place of 1.
#if defined(CONSTFORMER_KERNELS_MATH_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_MATH_INL_HPP
#undef CONSTFORMER_KERNELS_MATH_INL_HPP
#else
#define CONSTFORMER_KERNELS_MATH_INL_HPP
#endif

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// eˣ for every x; below −87.3 the smallest normal number's neighbourhood is flushed to 0, above 88.3 it stays there
/// (Cody and Waite). 2ⁿ·p(r) with n = round(x·log₂e) and p the Taylor polynomial of degree 6 on |r| ≤ ½·ln 2, where its
/// error is below 2⁻²⁶. `Negative`: x is at most 0, as scores below their peak are, which saves a step.
template <bool Negative = false>
HWY_INLINE float_vec exp(float_tag d, float_vec x) {
  hn::RebindToSigned<float_tag> const di;
  auto const low = hn::Set(d, -87.3F);
  auto const underflow = hn::Lt(x, low);
  x = hn::Max(low, x);  // in this order a NaN stays one: x86 takes the second operand then
  if constexpr (!Negative) x = hn::Min(hn::Set(d, 88.3F), x);
  auto const n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504F)));
  auto r = hn::NegMulAdd(n, hn::Set(d, 0.693359375F), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4F), r);
  auto p = hn::Set(d, 1.0F / 720);
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 120));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 24));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F / 6));
  p = hn::MulAdd(p, r, hn::Set(d, 0.5F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0F));
  auto const power = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::ConvertInRangeTo(di, n), hn::Set(di, 127))));
  return hn::IfThenZeroElse(underflow, hn::Mul(p, power));
}

/// 1 / (1 + e⁻ˣ).
HWY_INLINE float_vec logistic(float_tag d, float_vec x) {
  auto const one = hn::Set(d, 1.0F);
  return hn::Div(one, hn::Add(one, exp(d, hn::Neg(x))));
}

/// 1 − 2 / (e²ˣ + 1); absolute error below 1.2e-7.
HWY_INLINE float_vec tanh(float_tag d, float_vec x) {
  auto const one = hn::Set(d, 1.0F);
  return hn::Sub(one, hn::Div(hn::Set(d, 2.0F), hn::Add(exp(d, hn::Add(x, x)), one)));
}

/// sign(x)·(1 − exp(−|x|·q(|x|))), with q fitted to −ln(erfc x)/x on [0, 4]: 6.3e-8 off in exact
/// arithmetic, below 1.5e-7 with the rounding of exp.
HWY_INLINE float_vec erf(float_tag d, float_vec x) {
  auto const a = hn::Min(hn::Set(d, 4.2F), hn::Abs(x));
  auto q = hn::Set(d, 3.144023867e-5F);
  q = hn::MulAdd(q, a, hn::Set(d, -3.088026715e-4F));
  q = hn::MulAdd(q, a, hn::Set(d, 1.032402855e-3F));
  q = hn::MulAdd(q, a, hn::Set(d, 5.369318533e-4F));
  q = hn::MulAdd(q, a, hn::Set(d, -1.958395913e-2F));
  q = hn::MulAdd(q, a, hn::Set(d, 1.029196158e-1F));
  q = hn::MulAdd(q, a, hn::Set(d, 6.365977526e-1F));
  q = hn::MulAdd(q, a, hn::Set(d, 1.128380299F));
  return hn::CopySign(hn::Sub(hn::Set(d, 1.0F), exp(d, hn::Neg(hn::Mul(q, a)))), x);
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

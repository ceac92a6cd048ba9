// One step of AdamW over a run of parameters, and sums of squares for clipping.
#if defined(CONSTFORMER_KERNELS_ADAMW_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_ADAMW_INL_HPP
#undef CONSTFORMER_KERNELS_ADAMW_INL_HPP
#else
#define CONSTFORMER_KERNELS_ADAMW_INL_HPP
#endif

#include <cmath>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/adamw.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// What is moved: whole vectors of parameters, gradients and both moments.
struct adamw_run {
  float* parameter;       ///< moved
  float const* gradient;  ///< of the loss
  float* mean;            ///< running, of gradients
  float* square;          ///< running, of their squares
};

/// torch's order of operations: p −= p·rate·decay; m += (g − m)(1 − β₁); v = v·β₂ + (1 − β₂)·g²;
/// p −= rate/(1 − β₁ᵗ) · m/(√v/√(1 − β₂ᵗ) + eps), its factors in double precision. `step` counts from 1; gradients are
/// multiplied by `factor` first. [first, last) are multiples of `lanes`.
HWY_NOINLINE inline void adamw_step(adamw_run const& run, std::int64_t first, std::int64_t last,
                                    adamw_options const& options, double rate, int step, float factor) {
  float_tag const d;
  double const correction1 = 1.0 - std::pow(options.beta1, step);
  double const correction2 = std::sqrt(1.0 - std::pow(options.beta2, step));
  auto const keep = hn::Set(d, static_cast<float>(1.0 - rate * options.decay));
  auto const toward = hn::Set(d, static_cast<float>(1.0 - options.beta1));
  auto const beta2 = hn::Set(d, static_cast<float>(options.beta2));
  auto const rest2 = hn::Set(d, static_cast<float>(1.0 - options.beta2));
  auto const root = hn::Set(d, static_cast<float>(correction2));
  auto const eps = hn::Set(d, static_cast<float>(options.eps));
  auto const size = hn::Set(d, static_cast<float>(-rate / correction1));
  for (std::int64_t i = first; i < last; i += lanes) {
    auto const g = hn::Mul(hn::LoadU(d, run.gradient + i), hn::Set(d, factor));
    auto p = hn::LoadU(d, run.parameter + i);
    if (options.decay != 0.0) p = hn::Mul(p, keep);
    auto const m0 = hn::LoadU(d, run.mean + i);
    auto const m = hn::MulAdd(hn::Sub(g, m0), toward, m0);
    auto const v = hn::MulAdd(hn::Mul(g, g), rest2, hn::Mul(hn::LoadU(d, run.square + i), beta2));
    auto const spread = hn::Add(hn::Div(hn::Sqrt(v), root), eps);
    hn::StoreU(m, d, run.mean + i);
    hn::StoreU(v, d, run.square + i);
    hn::StoreU(hn::MulAdd(size, hn::Div(m, spread), p), d, run.parameter + i);
  }
}

/// Σ x² over [first, last), multiples of `lanes`, in double precision by pieces of 4096.
HWY_NOINLINE inline double sum_of_squares(float const* x, std::int64_t first, std::int64_t last) {
  float_tag const d;
  double total = 0.0;
  for (std::int64_t piece = first; piece < last; piece += 4096) {
    float_vec sums[2] = {hn::Zero(d), hn::Zero(d)};
    int chain = 0;
    for (std::int64_t i = piece; i < HWY_MIN(piece + 4096, last); i += lanes, chain ^= 1) {
      auto const v = hn::LoadU(d, x + i);
      sums[chain] = hn::MulAdd(v, v, sums[chain]);
    }
    total += static_cast<double>(hn::ReduceSum(d, hn::Add(sums[0], sums[1])));
  }
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

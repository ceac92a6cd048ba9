// One step of AdamW over a parameter.
#if defined(CONSTFORMER_KERNELS_ADAMW_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_ADAMW_INL_HPP
#undef CONSTFORMER_KERNELS_ADAMW_INL_HPP
#else
#define CONSTFORMER_KERNELS_ADAMW_INL_HPP
#endif

#include <cmath>

#include "hwy/highway.h"

#include "constformer/kernels/adamw.hpp"
#include "constformer/kernels/move-inl.hpp"
#include "constformer/kernels/moved.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// This worker's share of a step in torch's order of operations: p −= p·rate·decay; m += (g − m)(1 − β₁);
/// v = v·β₂ + (1 − β₂)·g²; p −= rate/(1 − β₁ᵗ) · m/(√v/√(1 − β₂ᵗ) + eps), its factors in double precision.
HWY_NOINLINE inline void move_parameter(worker const& self, adamw_options const& options, moved_parameter const& p,
                                        update_terms const& terms) {
  float_tag const d;
  double const rate = terms.rate * options.rate;
  double const correction1 = options.corrected ? 1.0 - std::pow(options.beta1, terms.step) : 1.0;
  double const correction2 = options.corrected ? std::sqrt(1.0 - std::pow(options.beta2, terms.step)) : 1.0;
  double const added = options.eps_corrected ? options.eps / correction2 : options.eps;
  auto const keep = hn::Set(d, options.decays_gradient ? 1.0F : static_cast<float>(1.0 - rate * options.decay));
  auto const pull = hn::Set(d, options.decays_gradient ? static_cast<float>(options.decay) : 0.0F);
  auto const toward = hn::Set(d, static_cast<float>(1.0 - options.beta1));
  auto const beta2 = hn::Set(d, static_cast<float>(options.beta2));
  auto const rest2 = hn::Set(d, static_cast<float>(1.0 - options.beta2));
  auto const root = hn::Set(d, static_cast<float>(correction2));
  auto const eps = hn::Set(d, static_cast<float>(added));
  auto const size = hn::Set(d, static_cast<float>(-rate / correction1));
  move_each<2>(self, p, terms.factor, [&](float_vec value, float_vec gradient, float_vec(&state)[2]) HWY_ATTR {
    auto const g = hn::MulAdd(pull, value, gradient);
    auto const kept = hn::Mul(value, keep);
    auto const m = hn::MulAdd(hn::Sub(g, state[0]), toward, state[0]);
    auto const v = hn::MulAdd(hn::Mul(g, g), rest2, hn::Mul(state[1], beta2));
    state[0] = m;
    state[1] = v;
    return hn::MulAdd(size, hn::Div(m, hn::Add(hn::Div(hn::Sqrt(v), root), eps)), kept);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

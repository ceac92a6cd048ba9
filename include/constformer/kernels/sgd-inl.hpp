// One step of gradient descent with momentum over a parameter.
#if defined(CONSTFORMER_KERNELS_SGD_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_SGD_INL_HPP
#undef CONSTFORMER_KERNELS_SGD_INL_HPP
#else
#define CONSTFORMER_KERNELS_SGD_INL_HPP
#endif

#include "hwy/highway.h"

#include "constformer/kernels/move-inl.hpp"
#include "constformer/kernels/moved.hpp"
#include "constformer/kernels/sgd.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// This worker's share of a step in torch's order of operations: g += decay·p; b = b·momentum + (1 − dampening)·g, the
/// first time b = g; g = b, or g + momentum·b (Nesterov); p −= rate·g.
HWY_NOINLINE inline void move_parameter(worker const& self, sgd_options const& options, moved_parameter const& p,
                                        update_terms const& terms) {
  float_tag const d;
  auto const first = terms.step == 1;
  auto const momentum = hn::Set(d, static_cast<float>(options.momentum));
  auto const carried = hn::Set(d, first ? 0.0F : static_cast<float>(options.momentum));
  auto const taken = hn::Set(d, first ? 1.0F : static_cast<float>(1.0 - options.dampening));
  auto const pull = hn::Set(d, static_cast<float>(options.decay));
  auto const size = hn::Set(d, static_cast<float>(-terms.rate * options.rate));
  bool const direct = options.momentum == 0.0;
  move_each<1>(self, p, terms.factor, [&](float_vec value, float_vec gradient, float_vec(&state)[1]) HWY_ATTR {
    auto const g = hn::MulAdd(pull, value, gradient);
    auto const b = hn::MulAdd(taken, g, hn::Mul(state[0], carried));
    state[0] = direct ? state[0] : b;
    auto const along = direct ? g : options.nesterov ? hn::MulAdd(momentum, b, g) : b;
    return hn::MulAdd(size, along, value);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

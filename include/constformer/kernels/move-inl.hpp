// What optimizers that move each value by itself have in common.
#if defined(CONSTFORMER_KERNELS_MOVE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_MOVE_INL_HPP
#undef CONSTFORMER_KERNELS_MOVE_INL_HPP
#else
#define CONSTFORMER_KERNELS_MOVE_INL_HPP
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/kernels/moved.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// This worker's share of a parameter in all its layers: rule(value, gradient·factor, states) is the new value, and
/// changes the `States` states, each as large as the parameter.
template <int States, class Rule>
HWY_INLINE void move_each(worker const& self, moved_parameter const& p, float factor, Rule const& rule) {
  float_tag const d;
  auto const times = hn::Set(d, factor);
  work_range const mine = self.share(static_cast<int>(p.step * p.layers / panel_rows));
  std::int64_t const last = std::int64_t{mine.end} * panel_rows;
  for (std::int64_t i = std::int64_t{mine.begin} * panel_rows; i < last; i += lanes) {
    float_vec state[States];
    HWY_UNROLL(2)
    for (std::size_t s = 0; s < States; ++s) state[s] = hn::LoadU(d, p.states[s] + i);
    auto const value = rule(hn::LoadU(d, p.values + i), hn::Mul(hn::LoadU(d, p.gradient + i), times), state);
    HWY_UNROLL(2)
    for (std::size_t s = 0; s < States; ++s) hn::StoreU(state[s], d, p.states[s] + i);
    hn::StoreU(value, d, p.values + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

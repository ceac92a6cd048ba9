// The orthogonal matrix near to a given one, by matrix products alone.
#if defined(CONSTFORMER_KERNELS_POLAR_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_POLAR_INL_HPP
#undef CONSTFORMER_KERNELS_POLAR_INL_HPP
#else
#define CONSTFORMER_KERNELS_POLAR_INL_HPP
#endif

#include <cstddef>
#include <span>
#include <utility>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/kernels/muon.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/symmetric-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// What a polar method works in: x (low, high) with low ≤ high, another of its shape, and four of (low, low), of which
/// the last two are unused unless x is wide (`polar_is_wide`).
struct polar_space {
  float_rows x;      ///< what is made orthogonal
  float_rows y;      ///< becomes x, and x becomes y, with each product
  float_rows gram;   ///< x·xᵀ
  float_rows power;  ///< the polynomial of that
  float_rows all;    ///< the product of polynomials so far
  float_rows spare;  ///< becomes another of them
};

/// Rows of a strip from `first` down become a·I + b·gram + c·rows.
HWY_INLINE void add_powers(float_rows const& rows, int first, float_rows const& gram, polar_step const& step) {
  float_tag const d;
  auto const b = hn::Set(d, static_cast<float>(step.b)), c = hn::Set(d, static_cast<float>(step.c));
  int const last = HWY_MIN(first + strip_columns, rows.columns);
  for (int r = 0; r < rows.rows; ++r) {
    float* const row = rows.data + static_cast<std::size_t>(r) * rows.stride;
    float const* const from = gram.data + static_cast<std::size_t>(first + r) * gram.stride;
    for (int i = first; i < last; i += lanes) {
      auto const count = static_cast<std::size_t>(HWY_MIN(lanes, last - i));
      auto const sum = hn::MulAdd(c, hn::LoadN(d, row + i, count), hn::Mul(b, hn::LoadN(d, from + i, count)));
      hn::StoreN(sum, d, row + i, count);
    }
    if (first + r < last) row[first + r] += static_cast<float>(step.a);
  }
}

/// power = a·I + b·gram + c·gram².
HWY_INLINE void share_polynomial(worker const& self, polar_space const& at, polar_step const& step, float* own) {
  auto const finish = [&](float_rows const& rows, int first) HWY_ATTR { add_powers(rows, first, at.gram, step); };
  share_symmetric<second_is::depth>(self, at.gram, at.gram, at.power, finish, own);
  self.sync();
}

/// out = a·b, all symmetric.
HWY_INLINE void share_commuting(worker const& self, float_rows const& a, float_rows const& b, float_rows const& out,
                                float* own) {
  share_symmetric<second_is::depth>(self, a, b, out, [](float_rows const&, int) {}, own);
  self.sync();
}

/// gram = x·xᵀ.
HWY_INLINE void share_gram(worker const& self, polar_space const& at, float* own) {
  share_symmetric<second_is::outputs>(self, at.x, at.x, at.gram, [](float_rows const&, int) {}, own);
  self.sync();
}

/// x ← factor·x.
HWY_INLINE void multiply_from_left(worker const& self, polar_space& at, float_rows const& factor, float* own) {
  product_end const end{at.y.data, at.y.stride, at.y.columns, false, nullptr};
  share_product<second_is::depth>(self, factor, at.x, end, at.y.columns, own);
  self.sync();
  std::swap(at.x, at.y);
}

/// Steps that `leap` takes at once. With three of Polar Express, what rounding x·xᵀ has cost the small singular values
/// has grown a thousandfold when the last polynomial meets it: weights were off by 4e-4 after 20 steps instead of 1e-6.
inline constexpr std::size_t leap_steps = 2;

/// Several steps at once: their polynomials are of one matrix, x·xᵀ, so that they commute, and that of the next step is
/// p·(x·xᵀ)·p. Only their product meets x.
HWY_INLINE void leap(worker const& self, polar_space& at, std::span<polar_step const> steps, float* own) {
  share_gram(self, at, own);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    share_polynomial(self, at, steps[i], own);
    if (i + 1 < steps.size()) {
      share_commuting(self, at.gram, at.power, at.spare, own);
      share_commuting(self, at.power, at.spare, at.gram, own);
    }
    if (i > 0) {
      share_commuting(self, at.power, at.all, at.spare, own);
      std::swap(at.all, at.spare);
    } else {
      std::swap(at.all, at.power);
    }
  }
  multiply_from_left(self, at, at.all, own);
}

/// x ← (a·I + b·A + c·A²)·x with A = x·xᵀ, for each of `steps`. All workers call it, and may read x of what it returns
/// at once. `own` has product_scratch floats.
HWY_NOINLINE inline polar_space make_orthogonal(worker const& self, polar_space at, std::span<polar_step const> steps,
                                                float* own) {
  if (polar_is_wide(at.x.rows, at.x.columns)) {
    for (; !steps.empty(); steps = steps.subspan(HWY_MIN(leap_steps, steps.size())))
      leap(self, at, steps.first(HWY_MIN(leap_steps, steps.size())), own);
    return at;
  }
  for (polar_step const& step : steps) {
    share_gram(self, at, own);
    share_polynomial(self, at, step, own);
    multiply_from_left(self, at, at.power, own);
  }
  return at;
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

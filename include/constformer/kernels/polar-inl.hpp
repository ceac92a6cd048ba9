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

/// What a polar method works in: x (low, high) with low ≤ high, another of its shape, two of (low, low).
struct polar_space {
  float_rows x;      ///< what is made orthogonal
  float_rows y;      ///< becomes x, and x becomes y, with each step
  float_rows gram;   ///< x·xᵀ
  float_rows power;  ///< the polynomial of that
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

/// x ← (a·I + b·A + c·A²)·x with A = x·xᵀ, for each of `steps`. All workers call it, and may read x of what it returns
/// at once. `own` has product_scratch floats.
HWY_NOINLINE inline polar_space make_orthogonal(worker const& self, polar_space at, std::span<polar_step const> steps,
                                                float* own) {
  auto const nothing = [](float_rows const&, int) {};
  for (polar_step const& step : steps) {
    share_symmetric<second_is::outputs>(self, at.x, at.x, at.gram, nothing, own);
    self.sync();
    auto const finish = [&](float_rows const& rows, int first) HWY_ATTR { add_powers(rows, first, at.gram, step); };
    share_symmetric<second_is::depth>(self, at.gram, at.gram, at.power, finish, own);
    self.sync();
    product_end const end{at.y.data, at.y.stride, at.y.columns, false, nullptr};
    share_product<second_is::depth>(self, at.power, at.x, end, at.y.columns, own);
    self.sync();
    std::swap(at.x, at.y);
  }
  return at;
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

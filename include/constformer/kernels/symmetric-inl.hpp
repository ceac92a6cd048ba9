// Products that are symmetric: one half is made, the other is its mirror.
#if defined(CONSTFORMER_KERNELS_SYMMETRIC_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_SYMMETRIC_INL_HPP
#undef CONSTFORMER_KERNELS_SYMMETRIC_INL_HPP
#else
#define CONSTFORMER_KERNELS_SYMMETRIC_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Columns of a strip of a symmetric product: those of a tile.
inline constexpr int strip_columns = tile_shape<float>::panels * panel_rows;

/// True of strips that are this worker's: the first is the longest, so that they are dealt there and back.
HWY_INLINE bool deals(worker const& self, int strip) {
  int const turn = strip % (2 * self.count);
  return self.index == (turn < self.count ? turn : 2 * self.count - 1 - turn);
}

/// This worker's strips of out (n, n) = a · b, which is symmetric: `strip_columns` columns from row `first` down, on
/// which finish(rows, first) is called, and their mirror. `out` is neither a nor b. Sums have one order whatever the
/// workers.
template <second_is Way, class Finish>
HWY_INLINE void share_symmetric(worker const& self, float_rows const& a, float_rows const& b, float_rows const& out,
                                Finish const& finish, float* scratch) {
  for (int first = 0; first < out.rows; first += strip_columns) {
    if (!deals(self, first / strip_columns)) continue;
    auto const down = static_cast<std::size_t>(first);
    float_rows const lower{a.data + down * a.stride, a.stride, a.rows - first, a.columns};
    float_rows const strip{out.data + down * out.stride, out.stride, out.rows - first, out.columns};
    int const last = HWY_MIN(first + strip_columns, out.columns);
    product<Way>(lower, b, {strip.data, strip.stride, out.columns, false, nullptr}, first / panel_rows,
                 padded(last) / panel_rows, scratch);
    finish(strip, first);
    auto const width = static_cast<std::size_t>(last - first);  // the square above the rest is its own mirror
    float_rows const below{strip.data + width * strip.stride, strip.stride, out.rows - last, out.columns};
    transpose(below, first, last, {out.data + last, out.stride, out.columns, out.rows});
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

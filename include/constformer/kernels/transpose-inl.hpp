// Transposes, square by square in registers.
#if defined(CONSTFORMER_KERNELS_TRANSPOSE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_TRANSPOSE_INL_HPP
#undef CONSTFORMER_KERNELS_TRANSPOSE_INL_HPP
#else
#define CONSTFORMER_KERNELS_TRANSPOSE_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Rows and columns of a square that is turned in registers.
inline constexpr int turn_rows = lanes >= 8 ? 8 : lanes >= 4 ? 4 : 1;

/// to = fromᵀ, squares of `turn_rows` rows; strides in floats from row to row.
template <int Rows = turn_rows>  // a template, so that what a target has not is not compiled
HWY_INLINE void turn_square(float const* from, [[maybe_unused]] std::size_t from_stride, float* to,
                            [[maybe_unused]] std::size_t to_stride) {
#if HWY_TARGET == HWY_SCALAR
  *to = *from;
#else
  if constexpr (Rows == 8) {
    hn::FixedTag<float, Rows> const d;
    hn::FixedTag<double, Rows / 2> const dd;
    using vec = hn::Vec<decltype(d)>;
    auto const pairs = [&](vec a, vec b, bool upper) HWY_ATTR {
      auto const x = hn::BitCast(dd, a), y = hn::BitCast(dd, b);
      return hn::BitCast(d, upper ? hn::InterleaveUpper(dd, x, y) : hn::InterleaveLower(dd, x, y));
    };
    vec half[2][4];  // of rows 0 to 3 and 4 to 7: columns (0, 4), (1, 5), (2, 6), (3, 7)
    HWY_UNROLL(2)
    for (int h = 0; h < 2; ++h) {
      float const* const at = from + static_cast<std::size_t>(4 * h) * from_stride;
      auto const a = hn::LoadU(d, at), b = hn::LoadU(d, at + from_stride);
      auto const c = hn::LoadU(d, at + 2 * from_stride), e = hn::LoadU(d, at + 3 * from_stride);
      auto const ab_low = hn::InterleaveLower(d, a, b), ab_high = hn::InterleaveUpper(d, a, b);
      auto const ce_low = hn::InterleaveLower(d, c, e), ce_high = hn::InterleaveUpper(d, c, e);
      half[h][0] = pairs(ab_low, ce_low, false);
      half[h][1] = pairs(ab_low, ce_low, true);
      half[h][2] = pairs(ab_high, ce_high, false);
      half[h][3] = pairs(ab_high, ce_high, true);
    }
    HWY_UNROLL(4)
    for (std::size_t i = 0; i < 4; ++i) {
      hn::StoreU(hn::ConcatLowerLower(d, half[1][i], half[0][i]), d, to + i * to_stride);
      hn::StoreU(hn::ConcatUpperUpper(d, half[1][i], half[0][i]), d, to + (i + 4) * to_stride);
    }
  } else if constexpr (Rows == 4) {
    hn::FixedTag<float, Rows> const d;
    auto const a = hn::LoadU(d, from), b = hn::LoadU(d, from + from_stride);
    auto const c = hn::LoadU(d, from + 2 * from_stride), e = hn::LoadU(d, from + 3 * from_stride);
    auto const ab_low = hn::InterleaveLower(d, a, b), ab_high = hn::InterleaveUpper(d, a, b);
    auto const ce_low = hn::InterleaveLower(d, c, e), ce_high = hn::InterleaveUpper(d, c, e);
    hn::StoreU(hn::ConcatLowerLower(d, ce_low, ab_low), d, to);
    hn::StoreU(hn::ConcatUpperUpper(d, ce_low, ab_low), d, to + to_stride);
    hn::StoreU(hn::ConcatLowerLower(d, ce_high, ab_high), d, to + 2 * to_stride);
    hn::StoreU(hn::ConcatUpperUpper(d, ce_high, ab_high), d, to + 3 * to_stride);
  }
#endif
}

/// to (columns, rows) = fromᵀ, for `rows` rows and `columns` columns of `from`.
HWY_INLINE void turn(float const* from, std::size_t from_stride, int rows, int columns, float* to,
                     std::size_t to_stride) {
  auto const one = [&](int r, int c) {
    to[static_cast<std::size_t>(c) * to_stride + static_cast<std::size_t>(r)] =
        from[static_cast<std::size_t>(r) * from_stride + static_cast<std::size_t>(c)];
  };
  int r = 0;
  for (; r + turn_rows <= rows; r += turn_rows) {
    int c = 0;
    for (; c + turn_rows <= columns; c += turn_rows)
      turn_square(from + static_cast<std::size_t>(r) * from_stride + c, from_stride,
                  to + static_cast<std::size_t>(c) * to_stride + r, to_stride);
    for (; c < columns; ++c)
      for (int i = 0; i < turn_rows; ++i) one(r + i, c);
  }
  for (; r < rows; ++r)
    for (int c = 0; c < columns; ++c) one(r, c);
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

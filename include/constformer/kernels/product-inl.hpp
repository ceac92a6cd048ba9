// Products of two matrices in rows, as training needs them: neither is packed beforehand, so that pieces of the second
// are put into panels while they are used, in memory that stays in L2.
#if defined(CONSTFORMER_KERNELS_PRODUCT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_PRODUCT_INL_HPP
#undef CONSTFORMER_KERNELS_PRODUCT_INL_HPP
#else
#define CONSTFORMER_KERNELS_PRODUCT_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/kernels/matmul-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Rows of floats: `rows` of them, `columns` values each.
struct float_rows {
  float* data;         ///< of row 0
  std::size_t stride;  ///< floats from row to row
  int rows;            ///< of all
  int columns;         ///< of a row
};

/// Most depth of a product that is made in one go; more is added up piece by piece, in order. A bundle of panels of it
/// is 256 KB.
inline constexpr int product_depth = 1024;

/// Floats that `product` wants for itself, each worker.
inline constexpr std::size_t product_scratch = std::size_t{product_depth} * bundle_panels * panel_rows;

/// Puts columns [first, first + 16·panels) of `from`, whose rows are the depth, into panels: lines of 16.
HWY_INLINE void pack_columns(float_rows const& from, int first, int panels, int depth_first, int depth, float* out) {
  float_tag const d;
  int const width = panels * panel_rows;
  int const inside = HWY_MIN(width, from.columns - first);
  for (int k = 0; k < depth; ++k, out += width) {
    float const* const row = from.data + static_cast<std::size_t>(depth_first + k) * from.stride + first;
    int c = 0;
    for (; c + lanes <= inside; c += lanes) hn::StoreU(hn::LoadU(d, row + c), d, out + c);
    for (; c < width; ++c) out[c] = c < inside ? row[c] : 0.0F;
  }
}

/// to (4, 4) = fromᵀ, in registers.
HWY_INLINE void transpose_square(float_rows const& from, float_rows const& to) {
  hn::FixedTag<float, 4> const d;
  auto const a = hn::LoadU(d, from.data), b = hn::LoadU(d, from.data + from.stride);
  auto const c = hn::LoadU(d, from.data + 2 * from.stride), e = hn::LoadU(d, from.data + 3 * from.stride);
  auto const ab_low = hn::InterleaveLower(d, a, b), ab_high = hn::InterleaveUpper(d, a, b);
  auto const ce_low = hn::InterleaveLower(d, c, e), ce_high = hn::InterleaveUpper(d, c, e);
  hn::StoreU(hn::ConcatLowerLower(d, ce_low, ab_low), d, to.data);
  hn::StoreU(hn::ConcatUpperUpper(d, ce_low, ab_low), d, to.data + to.stride);
  hn::StoreU(hn::ConcatLowerLower(d, ce_high, ab_high), d, to.data + 2 * to.stride);
  hn::StoreU(hn::ConcatUpperUpper(d, ce_high, ab_high), d, to.data + 3 * to.stride);
}

/// Puts rows [first, first + 16·panels) of `from`, whose columns are the depth, into panels.
HWY_INLINE void pack_rows(float_rows const& from, int first, int panels, int depth_first, int depth, float* out) {
  std::size_t const width = static_cast<std::size_t>(panels) * panel_rows;
  for (int r = 0; r < panels * panel_rows; r += 4) {
    float const* rows[4];
    int const inside = from.rows - first - r;
    for (int i = 0; i < 4; ++i)
      rows[i] = from.data + static_cast<std::size_t>(first + (i < inside ? r + i : 0)) * from.stride + depth_first;
    float* to = out + r;
    if (inside >= 4) {
      float* const first_row = from.data + static_cast<std::size_t>(first + r) * from.stride + depth_first;
      int k = 0;
      for (; k + 4 <= depth; k += 4, to += 4 * width)
        transpose_square({first_row + k, from.stride, 4, 4}, {to, width, 4, 4});
      for (; k < depth; ++k, to += width)
        for (int i = 0; i < 4; ++i) to[i] = rows[i][k];
    } else {
      for (int k = 0; k < depth; ++k, to += width)
        for (int i = 0; i < 4; ++i) to[i] = i < inside ? rows[i][k] : 0.0F;
    }
  }
}

/// Where sums of a product go: stored, or added to what is there; `offset`, if there is one, is added to each row.
struct product_end {
  float* out;           ///< of (row 0, column 0)
  std::size_t stride;   ///< floats from row to row
  int columns;          ///< those that may be written
  bool add;             ///< to what is there
  float const* offset;  ///< null, or a value for each column

  /// What the kernel tells.
  HWY_INLINE void operator()(int row, int column, float_vec sums) const {
    float_tag const d;
    if (column >= columns) return;
    float* const at = out + static_cast<std::size_t>(row) * stride + column;
    auto const count = static_cast<std::size_t>(columns - column);
    if (count >= static_cast<std::size_t>(lanes)) {
      if (offset != nullptr) sums = hn::Add(sums, hn::LoadU(d, offset + column));
      hn::StoreU(add ? hn::Add(hn::LoadU(d, at), sums) : sums, d, at);
    } else {
      if (offset != nullptr) sums = hn::Add(sums, hn::LoadN(d, offset + column, count));
      hn::StoreN(add ? hn::Add(hn::LoadN(d, at, count), sums) : sums, d, at, count);
    }
  }
};

/// Which way the second matrix of a product lies: its rows are outputs (weights, x·Wᵀ), or its rows are the depth.
enum class second_is : bool { outputs, depth };

/// out (a.rows, outputs) = a · b, for outputs [16·first, 16·last) only. Sums have one order whatever the range.
template <second_is Way>
HWY_NOINLINE void product(float_rows const& a, float_rows const& b, product_end const& end, int first, int last,
                          float* scratch) {
  int const all = a.columns;
  for (int panel = first; panel < last; panel += bundle_panels) {
    int const panels = HWY_MIN(bundle_panels, last - panel);
    for (int k = 0; k < all; k += product_depth) {
      int const depth = HWY_MIN(product_depth, all - k);
      if constexpr (Way == second_is::outputs)
        pack_rows(b, panel * panel_rows, panels, k, depth, scratch);
      else
        pack_columns(b, panel * panel_rows, panels, k, depth, scratch);
      int const column = panel * panel_rows;
      product_end const piece{end.out + column, end.stride, end.columns - column, end.add || k > 0,
                              end.offset == nullptr || k > 0 ? nullptr : end.offset + column};
      matmul(a.data + k, a.stride, a.rows, scratch, depth, panels, 0, panels, piece);
    }
  }
}

/// This worker's share of `product`: of its outputs, or of the rows of `a` if these are more.
template <second_is Way>
HWY_INLINE void share_product(worker const& self, float_rows const& a, float_rows const& b, product_end const& end,
                              int outputs, float* scratch) {
  int const panels = padded(outputs) / panel_rows;
  if (panels >= bundle_panels * self.count || panels >= a.rows) {
    work_range const mine = self.share(panels, panels >= 2 * bundle_panels * self.count ? bundle_panels : 1);
    return product<Way>(a, b, end, mine.begin, mine.end, scratch);
  }
  work_range const mine = self.share(a.rows, 4);
  float_rows part = a;
  part.data += static_cast<std::size_t>(mine.begin) * a.stride;
  part.rows = mine.end - mine.begin;
  product_end part_end = end;
  part_end.out += static_cast<std::size_t>(mine.begin) * end.stride;
  if (part.rows > 0) product<Way>(part, b, part_end, 0, panels, scratch);
}

/// to (columns, rows) = fromᵀ, columns [first, last) of `from`.
HWY_INLINE void transpose(float_rows const& from, int first, int last, float_rows const& to) {
  constexpr int tile = 16;
  auto const source = [&](int row, int column) {
    return from.data + static_cast<std::size_t>(row) * from.stride + static_cast<std::size_t>(column);
  };
  auto const target = [&](int row, int column) {
    return to.data + static_cast<std::size_t>(row) * to.stride + static_cast<std::size_t>(column);
  };
  for (int c = first; c < last; c += tile)
    for (int r = 0; r < from.rows; r += tile)
      for (int i = c; i < HWY_MIN(c + tile, last); i += 4)
        for (int j = r; j < HWY_MIN(r + tile, from.rows); j += 4) {
          if (i + 4 <= last && j + 4 <= from.rows) {
            transpose_square({source(j, i), from.stride, 4, 4}, {target(i, j), to.stride, 4, 4});
            continue;
          }
          for (int x = i; x < HWY_MIN(i + 4, last); ++x)
            for (int y = j; y < HWY_MIN(j + 4, from.rows); ++y) *target(x, y) = *source(y, x);
        }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

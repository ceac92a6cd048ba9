// Products of a few rows: the second matrix is read as it lies, once, which costs less than to pack it.
#if defined(CONSTFORMER_KERNELS_FEW_ROWS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_FEW_ROWS_INL_HPP
#undef CONSTFORMER_KERNELS_FEW_ROWS_INL_HPP
#else
#define CONSTFORMER_KERNELS_FEW_ROWS_INL_HPP
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

/// Rows up to which packing the second matrix of a product costs more than it saves.
inline constexpr int few_rows = 4;

/// Floats that a matrix is fetched ahead of its use, in the order of memory: rows that are read side by side leave the
/// processor's own guesses behind.
inline constexpr std::size_t fetched_ahead = 2048;

/// A sum of a product goes to `column` of `row`.
HWY_INLINE void store_sum(product_end const& end, int row, int column, float sum) {
  float* const at = end.out + static_cast<std::size_t>(row) * end.stride + column;
  if (end.offset != nullptr) sum += end.offset[column];
  *at = end.add ? *at + sum : sum;
}

#if HWY_TARGET == HWY_SCALAR
/// Sums over the lanes of each of four vectors.
template <class Tag>
HWY_INLINE void sum_four(Tag d, hn::Vec<Tag> const* v, float* out) {
  for (int i = 0; i < 4; ++i) out[i] = hn::ReduceSum(d, v[i]);
}
#else
/// The vector of four sums, one over each quarter of the blocks of 4 lanes that v has.
template <class Tag>
HWY_INLINE auto fold_blocks(Tag d, hn::Vec<Tag> v) {
  if constexpr (hn::MaxLanes(d) > 4) {
    hn::Half<Tag> const half;
    return fold_blocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  } else {
    return v;
  }
}

/// Sums over the lanes of each of four vectors.
template <class Tag>
HWY_INLINE void sum_four(Tag d, hn::Vec<Tag> const* v, float* out) {
  hn::RepartitionToWide<Tag> const wide;
  auto const one = hn::Add(hn::InterleaveLower(d, v[0], v[1]), hn::InterleaveUpper(d, v[0], v[1]));
  auto const two = hn::Add(hn::InterleaveLower(d, v[2], v[3]), hn::InterleaveUpper(d, v[2], v[3]));
  auto const a = hn::BitCast(wide, one), b = hn::BitCast(wide, two);
  auto const low = hn::BitCast(d, hn::InterleaveLower(wide, a, b));
  auto const high = hn::BitCast(d, hn::InterleaveUpper(wide, a, b));
  hn::StoreU(fold_blocks(d, hn::Add(low, high)), hn::FixedTag<hn::TFromD<Tag>, 4>(), out);
}
#endif

/// Adds the products of one vector of each row; `load` reads it.
template <int Rows, int Outputs, class Load>
HWY_INLINE void add_products(float const* const (&x)[Rows], float const* const (&w)[Outputs], int k, Load const& load,
                             float_vec (&sums)[Rows][Outputs]) {
  float_vec a[Rows];
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) a[r] = load(x[r] + k);
  HWY_UNROLL(16)
  for (int o = 0; o < Outputs; ++o) {
    auto const b = load(w[o] + k);
    HWY_UNROLL(16)
    for (int r = 0; r < Rows; ++r) sums[r][o] = hn::MulAdd(a[r], b, sums[r][o]);
  }
}

/// Σ x·w of `Rows` rows with `Outputs` rows of a matrix, a multiple of 4: sums of each in one order, whatever the two.
/// `next` is fetched meanwhile, as much as is read of w.
template <int Rows, int Outputs>
HWY_INLINE void dot_tile(float const* const (&x)[Rows], float const* const (&w)[Outputs], int depth, float const* next,
                         float (&out)[Rows][Outputs]) {
  float_tag const d;
  constexpr int line = 16;
  float_vec sums[Rows][Outputs];
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int o = 0; o < Outputs; ++o) sums[r][o] = hn::Zero(d);
  }
  int k = 0;
  for (; k + lanes <= depth; k += lanes) {
    HWY_UNROLL(16)
    for (int at = 0; at < Outputs * lanes; at += line) hwy::Prefetch(next + k * Outputs + at);
    add_products(x, w, k, [d](float const* at) HWY_ATTR { return hn::LoadU(d, at); }, sums);
  }
  auto const rest = static_cast<std::size_t>(depth - k);
  if (rest > 0) add_products(x, w, k, [d, rest](float const* at) HWY_ATTR { return hn::LoadN(d, at, rest); }, sums);
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int o = 0; o < Outputs; o += 4) sum_four(d, &sums[r][o], &out[r][o]);
  }
}

/// Rows [row, row + Rows) of a with rows [output, output + Outputs) of b; those beyond the last are the last again.
template <int Rows, int Outputs>
HWY_INLINE void dot_rows(float_rows const& a, int row, float_rows const& b, int output, int last,
                         product_end const& end) {
  float const* x[Rows];
  float const* w[Outputs];
  for (int r = 0; r < Rows; ++r) x[r] = a.data + static_cast<std::size_t>(row + r) * a.stride;
  for (int o = 0; o < Outputs; ++o)
    w[o] = b.data + static_cast<std::size_t>(HWY_MIN(output + o, b.rows - 1)) * b.stride;
  bool const runs_on = b.stride == static_cast<std::size_t>(a.columns);
  float sums[Rows][Outputs];
  dot_tile<Rows, Outputs>(x, w, a.columns, runs_on ? w[0] + fetched_ahead : w[0], sums);
  int const count = HWY_MIN(Outputs, HWY_MIN(last, end.columns) - output);
  for (int r = 0; r < Rows; ++r)
    for (int o = 0; o < count; ++o) store_sum(end, row + r, output + o, sums[r][o]);
}

/// Columns [column, column + Vecs·lanes) of one row of a times b, whose rows are the depth; `load` reads a vector of b.
template <int Vecs, class Load>
HWY_INLINE void sum_columns(float_rows const& a, int row, float_rows const& b, int column, product_end const& end,
                            Load const& load) {
  float_tag const d;
  float const* const x = a.data + static_cast<std::size_t>(row) * a.stride;
  float_vec sums[Vecs];
  HWY_UNROLL(16)
  for (int v = 0; v < Vecs; ++v) sums[v] = hn::Zero(d);
  for (int k = 0; k < a.columns; ++k) {
    float const* const from = b.data + static_cast<std::size_t>(k) * b.stride + column;
    auto const by = hn::Set(d, x[k]);
    HWY_UNROLL(16)
    for (int v = 0; v < Vecs; ++v) sums[v] = hn::MulAdd(by, load(from + v * lanes), sums[v]);
  }
  float all[Vecs * lanes];
  HWY_UNROLL(16)
  for (int v = 0; v < Vecs; ++v) hn::StoreU(sums[v], d, all + v * lanes);
  int const count = HWY_MIN(Vecs * lanes, end.columns - column);
  for (int c = 0; c < count; ++c) store_sum(end, row, column + c, all[c]);
}

/// As `product`, without packing: for few rows.
template <second_is Way>
HWY_NOINLINE void few_rows_product(float_rows const& a, float_rows const& b, product_end const& end, int first,
                                   int last) {
  float_tag const d;
  if constexpr (Way == second_is::outputs) {
    int const stop = HWY_MIN(last * panel_rows, padded(b.rows));
    for (int output = first * panel_rows; output < stop; output += 4) {
      int row = 0;
      for (; row + 2 <= a.rows; row += 2) dot_rows<2, 4>(a, row, b, output, stop, end);
      if (row < a.rows) dot_rows<1, 4>(a, row, b, output, stop, end);
    }
  } else {
    int const stop = HWY_MIN(last * panel_rows, b.columns);
    for (int column = first * panel_rows; column < stop;) {
      int const inside = stop - column;
      bool const many = inside >= 4 * lanes;
      for (int row = 0; row < a.rows; ++row)
        if (many)
          sum_columns<4>(a, row, b, column, end, [d](float const* at) HWY_ATTR { return hn::LoadU(d, at); });
        else
          sum_columns<1>(a, row, b, column, end, [d, inside](float const* at) HWY_ATTR {
            return hn::LoadN(d, at, static_cast<std::size_t>(HWY_MIN(lanes, inside)));
          });
      column += many ? 4 * lanes : lanes;
    }
  }
}

/// This worker's share of the quicker of `product` and `few_rows_product`. With `apart`, what a row gives does not
/// depend on how many there are, to the last bit.
template <second_is Way, class Factor>
HWY_INLINE void share_any_product(worker const& self, float_rows const& a, float_rows const& b, product_end const& end,
                                  int outputs, float* scratch, bool apart) {
  if (a.rows > few_rows && !apart) return share_product<Way, Factor>(self, a, b, end, outputs, scratch);
  work_range const mine = self.share(padded(outputs) / panel_rows);
  few_rows_product<Way>(a, b, end, mine.begin, mine.end);
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

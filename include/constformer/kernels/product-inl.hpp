// Products of two matrices in rows, as training needs them: neither is packed beforehand, so that pieces of the second
// are put into panels while they are used, in memory that stays in L2.
#if defined(CONSTFORMER_KERNELS_PRODUCT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_PRODUCT_INL_HPP
#undef CONSTFORMER_KERNELS_PRODUCT_INL_HPP
#else
#define CONSTFORMER_KERNELS_PRODUCT_INL_HPP
#endif

#include <cstddef>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/matmul-inl.hpp"
#include "constformer/kernels/pairs-inl.hpp"
#include "constformer/kernels/panels-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/kernels/tile-inl.hpp"
#include "constformer/kernels/transpose-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Rows of values: `rows` of them, `columns` values each.
template <class Value>
struct rows_of_values {
  Value* data;         ///< of row 0
  std::size_t stride;  ///< values from row to row
  int rows;            ///< of all
  int columns;         ///< of a row
};

/// Those of floats, as which all matrices lie in memory.
using float_rows = rows_of_values<float>;

/// What both matrices of a product are rounded to before they are multiplied: f32 stays as it is; bf16 is multiplied in
/// pairs, and its products are added up in f32.
template <class Factor>
inline constexpr bool in_pairs = std::is_same_v<Factor, hwy::bfloat16_t>;

/// The factors of a `dtype`: f32, or bf16 where the processor multiplies it.
template <dtype Type>
struct factor_of {
  static_assert(Type == dtype::f32 || (Type == dtype::bf16 && HWY_NATIVE_DOT_BF16 != 0),
                "learning.products is f32, or bf16 for a processor that multiplies bf16");
  using type = std::conditional_t<Type == dtype::bf16, hwy::bfloat16_t, float>;  ///< the C++ type
};

/// Most depth of a product that is made in one go; more is added up piece by piece, in order. A panel of it is 24 KB,
/// which stays in L1 with the rows that meet it.
inline constexpr int product_depth = 384;

/// Panels that are packed before they are used: so many times are rows read from L2 for one reading from memory.
inline constexpr int product_panels = 8;

/// Rows that meet all packed panels before the next rows do: both stay in L2.
inline constexpr int product_rows = 192;

/// Floats of rows that meet the panels of all outputs before the next rows do: they are read from memory once, though
/// outputs have many panels (1 MB; a share of L3).
inline constexpr int product_block = 1 << 18;

/// Values from row to row of rows that were rounded: no power of two, whose rows would share sets of a cache.
inline constexpr std::size_t rounded_row = product_depth + 2 * panel_rows;

/// Floats that panels of bf16 take, before the rows that meet them.
inline constexpr std::size_t pair_panels = std::size_t{product_depth} * product_panels * panel_rows / 2;

/// Floats that `product` wants for itself, each worker.
inline constexpr std::size_t product_scratch =
    pair_panels + HWY_MAX(pair_panels, std::size_t{product_rows} * rounded_row / 2);

/// Puts columns [first, first + 16·count) of `from`, whose rows are the depth, into panels: lines of 16. Rows are read
/// in the order of memory, and fetched ahead: from one to the next it may be pages.
HWY_INLINE void pack_columns(float_rows const& from, int first, int count, int depth_first, int depth,
                             float* HWY_RESTRICT out) {
  constexpr int rows_ahead = 8;
  std::size_t const panel = static_cast<std::size_t>(depth) * panel_rows;
  float const* row = from.data + static_cast<std::size_t>(depth_first) * from.stride + first;
  int const inside = HWY_MIN(count * panel_rows, from.columns - first);
  for (int k = 0; k < depth; ++k, out += panel_rows, row += from.stride) {
    int c = 0;
    for (; c + panel_rows <= inside; c += panel_rows) {
      float* const to = out + static_cast<std::size_t>(c / panel_rows) * panel;
      hwy::Prefetch(row + rows_ahead * from.stride + c);
      HWY_UNROLL(16)
      for (int i = 0; i < panel_rows; i += lanes) hn::StoreU(hn::LoadU(float_tag(), row + c + i), float_tag(), to + i);
    }
    for (; c < count * panel_rows; c += lanes) {
      auto const left = static_cast<std::size_t>(HWY_MAX(0, HWY_MIN(lanes, inside - c)));
      float* const to = out + static_cast<std::size_t>(c / panel_rows) * panel + c % panel_rows;
      hn::StoreU(hn::LoadN(float_tag(), row + c, left), float_tag(), to);
    }
  }
}

/// Puts rows [first, first + 16) of `from`, whose columns are the depth, into a panel.
HWY_INLINE void pack_rows(float_rows const& from, int first, int depth_first, int depth, float* HWY_RESTRICT out) {
  int const inside = HWY_MIN(panel_rows, from.rows - first);
  float const* const at = from.data + static_cast<std::size_t>(first) * from.stride + depth_first;
  turn(at, from.stride, inside, depth, out, panel_rows);
  if (inside < panel_rows)
    for (int k = 0; k < depth; ++k)
      for (int r = inside; r < panel_rows; ++r) out[k * panel_rows + r] = 0.0F;
}

#if HWY_NATIVE_DOT_BF16
/// out (depth, rounded up to pairs) = from (depth), rounded to the nearest bf16.
HWY_INLINE void round_row(float const* from, int depth, hwy::bfloat16_t* HWY_RESTRICT out) {
  float_tag const d;
  hn::Rebind<hwy::bfloat16_t, float_tag> const d16;
  int k = 0;
  for (; k + lanes <= depth; k += lanes) hn::StoreU(hn::DemoteTo(d16, hn::LoadU(d, from + k)), d16, out + k);
  if (k == depth) return;
  auto const rest = static_cast<std::size_t>(depth - k);
  hn::StoreN(hn::DemoteTo(d16, hn::LoadN(d, from + k, rest)), d16, out + k, rest + rest % 2);
}

/// As the other, lines of pairs: (16 outputs, 2 of the depth).
HWY_INLINE void pack_columns(float_rows const& from, int first, int count, int depth_first, int depth,
                             hwy::bfloat16_t* HWY_RESTRICT out) {
  float_tag const d;
  hn::Rebind<hwy::bfloat16_t, float_tag> const d16;
  hn::RebindToUnsigned<float_tag> const du;
  hn::RebindToUnsigned<decltype(d16)> const du16;
  std::size_t const panel = static_cast<std::size_t>((depth + 1) / 2) * 2 * panel_rows;
  int const inside = HWY_MIN(count * panel_rows, from.columns - first);
  for (int k = 0; k < depth; k += 2, out += 2 * panel_rows) {
    float const* const even = from.data + static_cast<std::size_t>(depth_first + k) * from.stride + first;
    bool const pair = k + 1 < depth;
    for (int c = 0; c < count * panel_rows; c += lanes) {
      auto const left = static_cast<std::size_t>(HWY_MAX(0, HWY_MIN(lanes, inside - c)));
      auto const bits = [&](float const* row) HWY_ATTR {
        return hn::PromoteTo(du, hn::BitCast(du16, hn::DemoteTo(d16, hn::LoadN(d, row + c, left))));
      };
      auto const low = bits(even), high = pair ? bits(even + from.stride) : hn::Zero(du);
      hwy::bfloat16_t* const to = out + static_cast<std::size_t>(c / panel_rows) * panel + c % panel_rows * 2;
      hn::StoreU(hn::Or(low, hn::ShiftLeft<16>(high)), du, reinterpret_cast<std::uint32_t*>(to));
    }
  }
}

/// As the other, lines of pairs: rounded row by row, then turned pair by pair.
HWY_INLINE void pack_rows(float_rows const& from, int first, int depth_first, int depth,
                          hwy::bfloat16_t* HWY_RESTRICT out) {
  alignas(64) hwy::bfloat16_t rounded[panel_rows * product_depth];
  int const inside = HWY_MIN(panel_rows, from.rows - first);
  for (int r = 0; r < panel_rows; ++r)
    if (r < inside)
      round_row(from.data + static_cast<std::size_t>(first + r) * from.stride + depth_first, depth,
                rounded + r * product_depth);
    else
      hwy::ZeroBytes(rounded + r * product_depth, product_depth * sizeof(hwy::bfloat16_t));
  turn(reinterpret_cast<float const*>(rounded), product_depth / 2, panel_rows, (depth + 1) / 2,
       reinterpret_cast<float*>(out), panel_rows);
}
#endif

/// Where sums of a product go: stored, or added to what is there, or to `offset`, if there is one, in each row.
struct product_end {
  float* out;           ///< of (row 0, column 0)
  std::size_t stride;   ///< floats from row to row
  int columns;          ///< those that may be written
  bool add;             ///< to what is there
  float const* offset;  ///< null, or a value for each column
};

/// Which way the second matrix of a product lies: its rows are outputs (weights, x·Wᵀ), or its rows are the depth.
enum class second_is : bool { outputs, depth };

/// Packs outputs [16·first, 16·(first + count)) of `b`, of the depth [from, from + depth).
template <second_is Way, class Factor>
HWY_INLINE void pack(float_rows const& b, int first, int count, int from, int depth, Factor* out) {
  int const lines = in_pairs<Factor> ? depth + depth % 2 : depth;
  if constexpr (Way == second_is::depth)
    pack_columns(b, first * panel_rows, count, from, depth, out);
  else
    for (int p = 0; p < count; ++p, out += static_cast<std::size_t>(lines) * panel_rows)
      pack_rows(b, (first + p) * panel_rows, from, depth, out);
}

/// take(row, vector, floats) for the vectors of a tile of which `rows` rows and `columns` columns count; of whole
/// vectors the number of floats is `fixed`.
template <int Rows, int Panels, class Take>
HWY_INLINE void for_vectors(int rows, int columns, Take const& take) {
  constexpr int vecs = tile<Rows, Panels>::vecs;
  bool const whole = rows >= Rows && columns >= vecs * lanes;
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < vecs; ++v)
      if (whole || (r < rows && (v + 1) * lanes <= columns))
        take(r, v, fixed<lanes>());
      else if (r < rows && v * lanes < columns)
        take(r, v, columns - v * lanes);
  }
}

/// `count` floats, a number or `fixed<lanes>`, and zeros.
template <class Count>
HWY_INLINE float_vec load_some(float const* from, Count count) {
  if constexpr (known_value<Count> == lanes) return hn::LoadU(float_tag(), from);
  return hn::LoadN(float_tag(), from, static_cast<std::size_t>(count));
}
/// Stores so many.
template <class Count>
HWY_INLINE void store_some(float_vec v, float* to, Count count) {
  if constexpr (known_value<Count> == lanes)
    hn::StoreU(v, float_tag(), to);
  else
    hn::StoreN(v, float_tag(), to, static_cast<std::size_t>(count));
}

/// Panels one after the other.
template <class Factor>
struct packed_panels {
  Factor const* base;  ///< of panel 0
  int lines;           ///< of 16 values, from one panel to the next

  /// Line 0 of panel `p`.
  [[nodiscard]] HWY_INLINE Factor const* at(int p) const {
    return base + static_cast<std::size_t>(p) * static_cast<std::size_t>(lines) * panel_rows;
  }
};

/// Rows [row, row + Rows) of `a`, as far as there are so many, times panels [panel, panel + Panels), for as many lines
/// as `a` has columns.
template <int Rows, int Panels, class Factor>
HWY_INLINE void product_tile(rows_of_values<Factor> const& a, int row, packed_panels<Factor> const& w, int panel,
                             product_end const& end) {
  Factor const* x[Rows];
  rows_of<Rows, Factor>(a.data, a.stride, row, a.rows, x);
  int const rows = a.rows - row;
  int const column = panel * panel_rows;
  int const columns = end.columns - column;
  float* const out = end.out + static_cast<std::size_t>(row) * end.stride + column;
  tile<Rows, Panels> t;
  clear(t);
  if (end.add)
    for_vectors<Rows, Panels>(rows, columns, [&](int r, int v, auto count) HWY_ATTR {
      t.sums[r][v] = load_some(out + static_cast<std::size_t>(r) * end.stride + v * lanes, count);
    });
  else if (end.offset != nullptr)
    for_vectors<Rows, Panels>(rows, columns, [&](int r, int v, auto count) HWY_ATTR {
      t.sums[r][v] = load_some(end.offset + column + v * lanes, count);
    });
  auto const step = static_cast<std::size_t>(w.lines) * panel_rows;
  accumulate<Factor>(t, x, panels<Factor, fixed<panel_rows>>{w.at(panel), step, {}}, a.columns);
  for_vectors<Rows, Panels>(rows, columns, [&](int r, int v, auto count) HWY_ATTR {
    store_some(t.sums[r][v], out + static_cast<std::size_t>(r) * end.stride + v * lanes, count);
  });
}

/// Rows of `a` from `row` on by panels [panel, panel + Panels).
template <int Panels, class Factor>
HWY_NOINLINE void product_tiles(rows_of_values<Factor> const& a, int row, packed_panels<Factor> const& w, int panel,
                                product_end const& end) {
  using shape = tile_shape<Factor>;
  for (int tile = 0; row < a.rows; row += tile) {
    tile = next_tile_rows<Factor>(a.rows - row);
    if (tile == shape::rest_rows)
      product_tile<shape::rest_rows, Panels>(a, row, w, panel, end);
    else if (tile == shape::rows)
      product_tile<shape::rows, Panels>(a, row, w, panel, end);
    else if constexpr (shape::middle_rows != shape::rows)
      product_tile<shape::middle_rows, Panels>(a, row, w, panel, end);
  }
}

/// Panels that are left when tiles of two have taken all others but three: side by side they share each value of a row,
/// where one alone would have as many loads as products. Sums of 8 rows fill the registers.
inline constexpr int last_panels = 3;

/// Rows of `a` from `row` on by the last three panels.
template <class Factor>
HWY_NOINLINE void last_product_tiles(rows_of_values<Factor> const& a, int row, packed_panels<Factor> const& w,
                                     int panel, product_end const& end) {
  constexpr int rows = 8;
  for (; a.rows - row > rows / 2; row += rows) product_tile<rows, last_panels>(a, row, w, panel, end);
  if (row < a.rows) product_tile<rows / 2, last_panels>(a, row, w, panel, end);
}

/// Rows [row, row + Rows) of `a` times the first vector of a panel: where outputs are no more than a vector, half a
/// panel would be multiplied in vain.
template <int Rows>
HWY_INLINE void narrow_tile(float_rows const& a, int row, packed_panels<float> const& w, product_end const& end) {
  float const* x[Rows];
  rows_of<Rows, float>(a.data, a.stride, row, a.rows, x);
  int const rows = HWY_MIN(Rows, a.rows - row);
  float* const out = end.out + static_cast<std::size_t>(row) * end.stride;
  float_vec sums[Rows];
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) sums[r] = hn::Zero(float_tag());
  float const* line = w.base;
  for (int k = 0; k < a.columns; ++k, line += panel_rows) {
    auto const weight = hn::LoadU(float_tag(), line);
    HWY_UNROLL(16)
    for (int r = 0; r < Rows; ++r) sums[r] = hn::MulAdd(hn::Set(float_tag(), x[r][k]), weight, sums[r]);
  }
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    if (r >= rows) break;
    float* const at = out + static_cast<std::size_t>(r) * end.stride;
    if (end.add) sums[r] = hn::Add(sums[r], hn::LoadN(float_tag(), at, static_cast<std::size_t>(end.columns)));
    if (end.offset != nullptr && !end.add)
      sums[r] = hn::Add(sums[r], hn::LoadN(float_tag(), end.offset, static_cast<std::size_t>(end.columns)));
    hn::StoreN(sums[r], float_tag(), at, static_cast<std::size_t>(end.columns));
  }
}

/// All rows of `a` from `row` on.
HWY_NOINLINE inline void narrow_tiles(float_rows const& a, int row, packed_panels<float> const& w,
                                      product_end const& end) {
  constexpr int rows = 8;  // chains of additions that hide their latency, with pointers that have registers
  for (; row < a.rows; row += rows) narrow_tile<rows>(a, row, w, end);
}

/// Rows of `a` from `row` on by the first `count` panels.
template <class Factor>
HWY_INLINE void multiply(rows_of_values<Factor> const& a, int row, packed_panels<Factor> const& w, int count,
                         product_end const& end) {
  constexpr int most = tile_shape<Factor>::panels;
  if constexpr (panel_vecs > 1 && !in_pairs<Factor>)
    if (end.columns <= lanes) return narrow_tiles(a, row, w, end);
  int p = 0;
  if constexpr (most == 2 && panel_vecs == 1) {
    int const last = count % 2 == 1 && count >= last_panels ? count - last_panels : count;
    for (; p + most <= last; p += most) product_tiles<most>(a, row, w, p, end);
    if (count - p == last_panels) return last_product_tiles(a, row, w, p, end);
  }
  for (; p + most <= count; p += most) product_tiles<most>(a, row, w, p, end);
  if constexpr (most > 1)
    for (; p < count; ++p) product_tiles<1>(a, row, w, p, end);
}

/// The panels [0, count) in `scratch` times rows of `a`, of the depth [from, from + depth).
template <class Factor>
HWY_INLINE void multiply_rows(float_rows const& a, int from, int depth, float* scratch, int count,
                              product_end const& end) {
  for (int row = 0; row < a.rows; row += product_rows) {
    int const rows = HWY_MIN(row + product_rows, a.rows);
    if constexpr (!in_pairs<Factor>) {
      multiply<float>({a.data + from, a.stride, rows, depth}, row, {scratch, depth}, count, end);
    } else {
      int const pairs = depth + depth % 2;
      auto* const rounded = reinterpret_cast<Factor*>(scratch + pair_panels);
      for (int r = row; r < rows; ++r)
        round_row(a.data + static_cast<std::size_t>(r) * a.stride + from, depth,
                  rounded + static_cast<std::size_t>(r - row) * rounded_row);
      product_end part = end;
      part.out += static_cast<std::size_t>(row) * end.stride;
      multiply<Factor>({rounded, rounded_row, rows - row, pairs}, 0, {reinterpret_cast<Factor*>(scratch), pairs}, count,
                       part);
    }
  }
}

/// `product` of rows that stay in a cache while all panels meet them.
template <second_is Way, class Factor>
HWY_NOINLINE void product_of_block(float_rows const& a, float_rows const& b, product_end const& end, int first,
                                   int last, float* scratch) {
  for (int panel = first; panel < last; panel += product_panels)
    for (int k = 0; k < a.columns; k += product_depth) {
      int const count = HWY_MIN(product_panels, last - panel);
      int const depth = HWY_MIN(product_depth, a.columns - k);
      pack<Way>(b, panel, count, k, depth, reinterpret_cast<Factor*>(scratch));
      int const column = panel * panel_rows;
      multiply_rows<Factor>(a, k, depth, scratch, count,
                            {end.out + column, end.stride, end.columns - column, end.add || k > 0,
                             end.offset == nullptr || k > 0 ? nullptr : end.offset + column});
    }
}

/// out (a.rows, outputs) = a · b, for outputs [16·first, 16·last) only. Sums have one order whatever the range.
template <second_is Way, class Factor = float>
HWY_INLINE void product(float_rows const& a, float_rows const& b, product_end const& end, int first, int last,
                        float* scratch) {
  int const some = HWY_MAX(product_rows, product_block / HWY_MIN(product_depth, a.columns));
  for (int row = 0; row < a.rows; row += some) {
    auto const skipped = static_cast<std::size_t>(row);
    product_end part = end;
    part.out += skipped * end.stride;
    product_of_block<Way, Factor>({a.data + skipped * a.stride, a.stride, HWY_MIN(some, a.rows - row), a.columns}, b,
                                  part, first, last, scratch);
  }
}

/// This worker's share of `product`: of its outputs, or of the rows of `a` if these are more.
template <second_is Way, class Factor = float>
HWY_INLINE void share_product(worker const& self, float_rows const& a, float_rows const& b, product_end const& end,
                              int outputs, float* scratch) {
  int const panels = padded(outputs) / panel_rows;
  if (panels >= bundle_panels * self.count || panels >= a.rows) {
    work_range const mine = self.share(panels, panels >= 2 * bundle_panels * self.count ? bundle_panels : 1);
    return product<Way, Factor>(a, b, end, mine.begin, mine.end, scratch);
  }
  work_range const mine = self.share(a.rows, 4);
  float_rows part = a;
  part.data += static_cast<std::size_t>(mine.begin) * a.stride;
  part.rows = mine.end - mine.begin;
  product_end part_end = end;
  part_end.out += static_cast<std::size_t>(mine.begin) * end.stride;
  if (part.rows > 0) product<Way, Factor>(part, b, part_end, 0, panels, scratch);
}

/// Floats from row to row of a transposed matrix of `rows` rows: no power of two, whose rows would share sets of a
/// cache.
[[nodiscard]] constexpr int transposed_stride(int rows) { return padded(rows) + panel_rows; }

/// to (columns, rows) = fromᵀ, columns [first, last) of `from`. Piece by piece, so that whole lines are read and
/// written.
HWY_INLINE void transpose(float_rows const& from, int first, int last, float_rows const& to) {
  constexpr int rows = 64, columns = panel_rows;
  for (int r = 0; r < from.rows; r += rows)
    for (int c = first; c < last; c += columns)
      turn(from.data + static_cast<std::size_t>(r) * from.stride + c, from.stride, HWY_MIN(rows, from.rows - r),
           HWY_MIN(columns, last - c), to.data + static_cast<std::size_t>(c) * to.stride + r, to.stride);
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

// Sums of products over panels of weights (checkpoint/packed_layout.hpp) that become floats line by line.
#if defined(CONSTFORMER_KERNELS_PANELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_PANELS_INL_HPP
#undef CONSTFORMER_KERNELS_PANELS_INL_HPP
#else
#define CONSTFORMER_KERNELS_PANELS_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/kernels/pairs-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// One line of a panel: an input column of 16 values, or a pair of columns, and how it becomes floats, which is exact.
template <class Weight>
struct panel_line;

/// Floats are loaded as they are.
template <>
struct panel_line<float> {
  static constexpr int columns = 1;   ///< input columns of a line
  static constexpr int elements = 1;  ///< of the line for each row
  /// The vector at `at`, which need not be aligned.
  static HWY_INLINE void load(float const* at, float_vec (&out)[columns]) { out[0] = hn::LoadU(float_tag(), at); }
};

/// Half precision is widened by the processor.
template <>
struct panel_line<hwy::float16_t> {
  static constexpr int columns = 1;   ///< input columns of a line
  static constexpr int elements = 1;  ///< of the line for each row
  /// The vector at `at`, which need not be aligned.
  static HWY_INLINE void load(hwy::float16_t const* at, float_vec (&out)[columns]) {
    float_tag const d;
    out[0] = hn::PromoteTo(d, hn::LoadU(hn::Rebind<hwy::float16_t, float_tag>(), at));
  }
};

/// Pairs of bf16 are widened, a 32-bit lane holding column k in its low half and k + 1 in its high half: a float's
/// upper half is the bf16 of its value.
template <>
struct panel_line<hwy::bfloat16_t> {
  static constexpr int columns = 2;   ///< input columns of a line
  static constexpr int elements = 2;  ///< of the line for each row
  /// `lanes` values of column k into out[0], of column k + 1 into out[1].
  static HWY_INLINE void load(hwy::bfloat16_t const* at, float_vec (&out)[columns]) {
    float_tag const d;
    hn::RebindToUnsigned<float_tag> const du;
    auto const both = hn::LoadU(du, reinterpret_cast<std::uint32_t const*>(at));
    out[0] = hn::BitCast(d, hn::ShiftLeft<16>(both));
    out[1] = hn::BitCast(d, hn::And(both, hn::Set(du, 0xFFFF0000U)));
  }
};

/// sums (Rows, Panels·16) += x[row][k] · w[k] for one column, or a pair of them, at k, where `w` is.
template <class Weight, int Rows, int Panels, class Place>
HWY_INLINE void add_column(tile<Rows, Panels>& t, float const* const (&x)[Rows], Place const& w, int k) {
  using line = panel_line<Weight>;
  constexpr int vecs = tile<Rows, Panels>::vecs;
  float_tag const d;
  float_vec weight[vecs][line::columns];
  if constexpr (requires { w.fetch(); }) w.fetch();
  if constexpr (Rows == 1) {  // a weight is used once: loaded ahead, they would not all fit into registers
    float_vec input[line::columns];
    HWY_UNROLL(2)
    for (int c = 0; c < line::columns; ++c) input[c] = hn::Set(d, x[0][k + c]);
    HWY_UNROLL(16)
    for (int v = 0; v < vecs; ++v) {
      line::load(w.at(v / panel_vecs) + (v % panel_vecs) * lanes * line::elements, weight[v]);
      HWY_UNROLL(2)
      for (int c = 0; c < line::columns; ++c) t.sums[0][v] = hn::MulAdd(input[c], weight[v][c], t.sums[0][v]);
    }
    return;
  }
  HWY_UNROLL(16)
  for (int v = 0; v < vecs; ++v)
    line::load(w.at(v / panel_vecs) + (v % panel_vecs) * lanes * line::elements, weight[v]);
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(2)
    for (int c = 0; c < line::columns; ++c) {
      float_vec const input = hn::Set(d, x[r][k + c]);
      HWY_UNROLL(16)
      for (int v = 0; v < vecs; ++v) t.sums[r][v] = hn::MulAdd(input, weight[v][c], t.sums[r][v]);
    }
  }
}

/// sums (Rows, Panels·16) += Σₖ x[row][k] · w[k]; every sum has one chain of additions, in the order of k. `w` is a
/// place among panels that tells `at(panel)` and advances. An odd depth of pairs reads one float more of x, which meets
/// a weight of 0.
template <class Weight, int Rows, int Panels, class Place, class Depth>
HWY_INLINE void accumulate(tile<Rows, Panels>& t, float const* const (&x)[Rows], Place w, Depth depth) {
  constexpr int columns = panel_line<Weight>::columns;
  for (int k = 0; k < depth; k += columns, w.advance(columns)) add_column<Weight>(t, x, w, k);
}

/// A depth of N columns whose sums are made in `Chains` pieces of N / Chains columns, added up in their order: a narrow
/// matrix has too few sums to hide the latency of one chain of additions each. Which depths are, is a matter of the
/// matrix alone, never of the rows at hand.
template <int N, int Chains>
struct chained : fixed<N> {
  static_assert(N % Chains == 0);
  static constexpr int piece = N / Chains;  ///< columns
};

/// True of `chained` depths.
template <class Depth>
inline constexpr bool is_chained = requires { Depth::piece; };

/// The same of pieces: beside each other if there is one row, else one after the other.
template <class Weight, int Rows, int Panels, class Place, int N, int Chains>
HWY_INLINE void accumulate(tile<Rows, Panels>& t, float const* const (&x)[Rows], Place w, chained<N, Chains>) {
  constexpr int columns = panel_line<Weight>::columns;
  constexpr int piece = chained<N, Chains>::piece;
  if constexpr (Rows == 1) {
    tile<1, Panels> sums[Chains];
    for (auto& one : sums) clear(one);
    for (int k = 0; k < piece; k += columns, w.advance(columns)) {
      Place from = w;
      HWY_UNROLL(4)
      for (int c = 0; c < Chains; ++c, from.advance(piece)) add_column<Weight>(sums[c], x, from, c * piece + k);
    }
    HWY_UNROLL(4)
    for (int c = 0; c < Chains; ++c) add(t, sums[c]);
  } else {
    for (int first = 0; first < N; first += piece) {
      tile<Rows, Panels> sums;
      clear(sums);
      for (int k = first; k < first + piece; k += columns, w.advance(columns)) add_column<Weight>(sums, x, w, k);
      add(t, sums);
    }
  }
}

/// A place among panels: `panel` elements from one to the next, `row` elements from one input column to the next, a
/// number or `fixed`.
template <class Weight, class Row = std::size_t>
struct panels {
  Weight const* base;  ///< of panel 0
  std::size_t panel;   ///< elements
  Row row;             ///< elements

  /// Panel p of the input column at hand.
  [[nodiscard]] HWY_INLINE Weight const* at(int p) const { return base + static_cast<std::size_t>(p) * panel; }
  /// Goes on by that many input columns.
  HWY_INLINE void advance(int columns) { base += static_cast<std::size_t>(row) * static_cast<std::size_t>(columns); }
};

/// A place of `Panels` panels that fetches into L2 what lies elsewhere, in the order of memory, a line for every line
/// that is multiplied.
template <int Panels, class Place, class Weight>
struct fetching {
  Place place;         ///< where the products are
  Weight const* next;  ///< what is fetched next

  /// Asks for as many lines as an input column has, or a pair of them.
  HWY_INLINE void fetch() const {
    constexpr int line = panel_rows * panel_line<Weight>::elements;
    HWY_UNROLL(16)
    for (int p = 0; p < Panels; ++p) __builtin_prefetch(next + p * line, 0, 2);
  }
  /// Panel p of the input column at hand.
  [[nodiscard]] HWY_INLINE Weight const* at(int p) const { return place.at(p); }
  /// Goes on by that many input columns.
  HWY_INLINE void advance(int columns) {
    place.advance(columns);
    next += columns * Panels * panel_rows;
  }
};

/// Bytes from lines that are multiplied to those that are fetched: on Zen 4, 1 to 3 KB gain, 4 lose
/// (docs/performance.md, One stream of floats).
inline constexpr int lines_ahead = 1536;

/// A matrix in panels that lie in bundles. `Count` of panels is a number or `fixed`.
template <class Weight, class Count, fetched Fetched = fetched::nothing>
struct bundles {
  Weight const* base;  ///< of panel 0
  std::size_t lines;   ///< of a panel
  Count count;         ///< panels of the matrix

  /// How many panels from `panel` on, but for `last` and those after it, lie in one bundle: a tile has no more.
  [[nodiscard]] static HWY_INLINE int beside(int panel, int last) {
    return HWY_MIN(bundle_panels - panel % bundle_panels, last - panel);
  }
  /// sums += x · these, by `accumulate`.
  template <int Rows, int Panels, class Input, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, Input const* const (&x)[Rows], Depth depth, int first) const {
    auto const place = from<Panels>(first);
    using ahead = fetching<Panels, std::remove_const_t<decltype(place)>, Weight>;
    if constexpr (Fetched == fetched::bundle)
      accumulate<Weight>(t, x, ahead{place, base_of_next(first)}, depth);
    else if constexpr (Fetched == fetched::lines)
      accumulate<Weight>(t, x, ahead{place, place.base + lines_ahead / sizeof(Weight)}, depth);
    else
      accumulate<Weight>(t, x, place, depth);
  }
  /// The same matrix, of which something is fetched ahead.
  template <fetched What>
  [[nodiscard]] HWY_INLINE bundles<Weight, Count, What> fetching_ahead() const {
    return {base, lines, count};
  }

 private:
  static constexpr std::size_t line = panel_rows * panel_line<Weight>::elements;  // elements

  // From one input column to the next in the bundle that begins with panel `start`, for a tile of `Panels`: known when
  // compiled, but for some of a matrix of whole bundles and a narrower one.
  template <int Panels>
  HWY_INLINE auto row_of(int start) const {
    constexpr int all = known_value<Count>;
    if constexpr (Panels == bundle_panels || (all > 0 && all % bundle_panels == 0))
      return fixed<bundle_panels * panel_rows>();
    else if constexpr (all > 0 && all < bundle_panels)
      return fixed<all * panel_rows>();
    else
      return static_cast<std::size_t>(HWY_MIN(count - start, bundle_panels)) * panel_rows;
  }

  // Where the lines of panel `panel` begin, and those of the panels beside it.
  template <int Panels>
  HWY_INLINE auto from(int panel) const {
    int const within = panel % bundle_panels;
    auto const row = row_of<Panels>(panel - within);
    std::size_t const at = static_cast<std::size_t>(panel - within) * lines + static_cast<std::size_t>(within);
    return panels<Weight, std::remove_const_t<decltype(row)>>{base + at * line, line, row};
  }

  // In the bundle after that of `panel`: as many panels on as `panel` is in its own.
  HWY_INLINE Weight const* base_of_next(int panel) const {
    return base + static_cast<std::size_t>(panel + bundle_panels) * lines * line;
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

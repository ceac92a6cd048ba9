// y (T, out) = x (T, in) · Wᵀ, with W in panels of 16 output rows (checkpoint/packed_layout.hpp).
#if defined(CONSTFORMER_KERNELS_MATMUL_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_MATMUL_INL_HPP
#undef CONSTFORMER_KERNELS_MATMUL_INL_HPP
#else
#define CONSTFORMER_KERNELS_MATMUL_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/kernels/block_panels-inl.hpp"
#include "constformer/kernels/input_blocks.hpp"
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

/// Pairs of bf16 are widened, a 32-bit lane holding column k in its low half and k + 1 in its high half: a float's upper half is
/// the bf16 of its value.
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
  if constexpr (requires { w.template fetch<Panels>(); }) w.template fetch<Panels>();
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

/// sums (Rows, Panels·16) += Σₖ x[row][k] · w[k]; every sum has one chain of additions, in the order of k. `w` is a place
/// among panels that tells `at(panel)` and advances. An odd depth of pairs reads one float more of x, which meets a weight of 0.
template <class Weight, int Rows, int Panels, class Place, class Depth>
HWY_INLINE void accumulate(tile<Rows, Panels>& t, float const* const (&x)[Rows], Place w, Depth depth) {
  constexpr int columns = panel_line<Weight>::columns;
  for (int k = 0; k < depth; k += columns, w.advance(columns)) add_column<Weight>(t, x, w, k);
}

/// A depth of N columns whose sums are made in `Chains` pieces of N / Chains columns, added up in their order: a narrow matrix has too few sums
/// to hide the latency of one chain of additions each. Which depths are, is a matter of the matrix alone, never of the rows at hand.
template <int N, int Chains>
struct chained : fixed<N> {
  static_assert(N % Chains == 0);
  static constexpr int piece = N / Chains;  ///< columns
};

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

/// Panels side by side in memory: `panel` elements from one to the next, `row` elements from one input column to the
/// next.
template <class Weight>
struct panels {
  Weight const* base;  ///< of panel 0
  std::size_t panel;   ///< elements
  std::size_t row;     ///< elements

  /// These, beginning with panel `first`.
  [[nodiscard]] HWY_INLINE panels from(int first) const {
    return {base + static_cast<std::size_t>(first) * panel, panel, row};
  }
  /// Panel p of the input column at hand.
  [[nodiscard]] HWY_INLINE Weight const* at(int p) const { return base + static_cast<std::size_t>(p) * panel; }
  /// Goes on by that many input columns.
  HWY_INLINE void advance(int columns) { base += row * static_cast<std::size_t>(columns); }
  /// sums += x · these, by `accumulate`.
  template <int Rows, int Panels, class Input, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, Input const* const (&x)[Rows], Depth depth, int first) const {
    accumulate<Weight>(t, x, from(first), depth);
  }
};

/// Panels that fetch into L2 those of the next tile, line by line as they are multiplied.
template <class Weight>
struct fetching_panels {
  panels<Weight> w;  ///< those that are multiplied

  /// Asks for the lines of the `Panels` panels after those at hand.
  template <int Panels>
  HWY_INLINE void fetch() const {
    HWY_UNROLL(16)
    for (int p = 0; p < Panels; ++p) __builtin_prefetch(w.at(Panels + p), 0, 2);
  }
  /// Panel p of the input column at hand.
  [[nodiscard]] HWY_INLINE Weight const* at(int p) const { return w.at(p); }
  /// Goes on by that many input columns.
  HWY_INLINE void advance(int columns) { w.advance(columns); }
  /// sums += x · these, by `accumulate`.
  template <int Rows, int Panels, class Input, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, Input const* const (&x)[Rows], Depth depth, int first) const {
    accumulate<Weight>(t, x, fetching_panels{w.from(first)}, depth);
  }
};

/// How many rows and panels share loads, for rows of `Input`.
template <class Input>
struct tile_shape {
  /// Rows of x that share each load of weights: as many as fill the registers with accumulators.
  static constexpr int rows = registers == 32 ? (panel_vecs == 1 ? 12 : 6) : (panel_vecs == 4 ? 3 : 6);
  /// The same for what such tiles leave over: four beams, or the last rows of a source, would fill half a tile.
  static constexpr int rest_rows = panel_vecs == 4 ? 2 : 4;
  /// And in between, where tiles are high enough: 128 rows are ten tiles of 12 and one of 8, 16 rows two of 8.
  static constexpr int middle_rows = rows == 12 ? 8 : rows;
  /// Panels that share each load of x, if there are several rows.
  static constexpr int panels = registers == 32 && panel_vecs == 1 ? 2 : 1;
  /// Up to so many rows take one panel at once: what they wait for is memory, which is read fastest strictly in order.
  static constexpr int ordered_rows = 1;
  /// Panels that one row takes at once: their chains of additions hide each other's latency. More would only be more places of memory to
  /// read from in turn, which prefetchers do not like.
  static constexpr int vector_panels = panel_vecs == 4 ? 2 : 4;
};

/// Of integers: the weights of a quad take registers too, and the sums of a block are short chains.
template <class Block, integer_dots Dots>
struct tile_shape<input_block<Block, Dots>> {
  static constexpr int rows = panel_vecs == 4 ? 2 : 4;                       ///< that share each load of weights
  static constexpr int rest_rows = 2;                                        ///< for what such tiles leave over
  static constexpr int middle_rows = rows;                                   ///< and in between
  static constexpr int panels = registers == 32 && panel_vecs == 1 ? 2 : 1;  ///< that share each load of x
  static constexpr int ordered_rows = 8;                                     ///< up to which one panel is taken at once
  static constexpr int vector_panels = 1;  ///< that one row takes at once: blocks strictly in the order of memory
};

/// Panels of `Weight` that one row of `Input` takes at once: twice as many where a line is two additions one after the other, if registers do.
template <class Weight, class Input>
constexpr int vector_panels() {
  constexpr int panels = tile_shape<Input>::vector_panels;
  if constexpr (std::is_same_v<Input, float> && std::is_same_v<Weight, hwy::bfloat16_t> && panel_vecs == 1)
    return 2 * panels;
  else
    return panels;
}

/// A matrix (out, in) in panels.
template <class Weight>
HWY_INLINE auto panels_of(Weight const* base, std::size_t depth) {
  if constexpr (has_scales<Weight>) {
    return block_panels<Weight>{base, input_blocks(static_cast<int>(depth))};
  } else {
    std::size_t const stored = panel_line<Weight>::columns == 2 ? depth + depth % 2 : depth;
    return panels<Weight>{base, stored * panel_rows, panel_rows};
  }
}

/// One tile: rows [row, row + Rows) of x, of which those below `rows` count, and panels [panel, panel + Panels) of `w`,
/// which is `panels` or adds products as they do.
template <int Rows, int Panels, class Input, class Weights, class Depth, class Finish>
HWY_INLINE void matmul_tile(Input const* x, std::size_t x_stride, int row, int rows, Weights const& w, Depth depth,
                            int panel, Finish const& finish) {
  Input const* inputs[Rows];
  for (int r = 0; r < Rows; ++r) {
    inputs[r] = x + static_cast<std::size_t>(HWY_MIN(row + r, rows - 1)) * x_stride;
    // One by one: g++ 12 computes them in vectors, whose constants then take the registers of the weights (AVX-512: half the speed).
    asm("" : "+r"(inputs[r]));
  }
  tile<Rows, Panels> t;
  clear(t);
  w.add_to(t, inputs, depth, panel);
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    if (row + r >= rows) break;
    HWY_UNROLL(16)
    for (int v = 0; v < tile<Rows, Panels>::vecs; ++v) finish(row + r, panel * panel_rows + v * lanes, t.sums[r][v]);
  }
}

/// `matmul_tile`; the last tiles of rows fetch the next panel from memory meanwhile, which otherwise would wait for their products, and
/// the products of the next panel for memory. Not for shallow matrices, which stay in L2, nor for types with scales.
template <int Rows, int Panels, class Input, class Weights, class Depth, class Finish>
HWY_INLINE void matmul_next(Input const* x, std::size_t x_stride, int row, int rows, Weights const& w, Depth depth,
                            int panel, Finish const& finish) {
  constexpr int shallow = 256;
  constexpr int fetching_tiles = 3;
  if constexpr (requires { fetching_panels{w}; }) {
    if (depth >= shallow && rows - row <= fetching_tiles * tile_shape<Input>::rows)
      return matmul_tile<Rows, Panels>(x, x_stride, row, rows, fetching_panels{w}, depth, panel, finish);
  }
  matmul_tile<Rows, Panels>(x, x_stride, row, rows, w, depth, panel, finish);
}

/// Rows of the next tile when `left` are left: the lowest that holds them, or the half of them, else the highest.
template <class Input>
constexpr int next_tile_rows(int left) {
  using shape = tile_shape<Input>;
  for (int tiles = 1; tiles <= 2; ++tiles)
    for (int rows : {shape::rest_rows, shape::middle_rows, shape::rows})
      if (left <= tiles * rows) return rows;
  return shape::rows;
}

/// All rows of `Panels` panels from `panel` on, in tiles: as few rows more than there are as it takes.
template <int Panels, class Input, class Weights, class Depth, class Finish>
HWY_INLINE void matmul_rows(Input const* x, std::size_t x_stride, int rows, Weights const& w, Depth depth, int panel,
                            Finish const& finish) {
  using shape = tile_shape<Input>;
  for (int row = 0, tile = 0; row < rows; row += tile) {
    tile = next_tile_rows<Input>(rows - row);
    if (tile == shape::rest_rows)
      matmul_next<shape::rest_rows, Panels>(x, x_stride, row, rows, w, depth, panel, finish);
    else if (tile == shape::rows)
      matmul_next<shape::rows, Panels>(x, x_stride, row, rows, w, depth, panel, finish);
    else if constexpr (shape::middle_rows != shape::rows)
      matmul_next<shape::middle_rows, Panels>(x, x_stride, row, rows, w, depth, panel, finish);
  }
}

/// Panels [first, last) of x (rows, depth) · Wᵀ; finish(row, column, vector of `lanes` sums) is told every output once.
/// `Input` is float, a `bf16_input` of weights in bf16, or an `input_block` of Weight: then x_stride is in blocks. A gated layer relies on a panel being finished before the next one of the same row.
template <class Weight, class Input, class Depth, class Finish>
HWY_NOINLINE void matmul(Input const* HWY_RESTRICT x, std::size_t x_stride, int rows, Weight const* HWY_RESTRICT weight,
                         Depth depth, int first, int last, Finish const& finish) {
  auto const w = panels_of(weight, static_cast<std::size_t>(static_cast<int>(depth)));
  constexpr int row_panels = vector_panels<Weight, Input>();
  constexpr int tile_panels = tile_shape<Input>::panels;
  int panel = first;
  if (rows == 1) {
    for (; panel + row_panels <= last; panel += row_panels)
      matmul_tile<1, row_panels>(x, x_stride, 0, 1, w, depth, panel, finish);
    // Narrow matrices, and what is left: some panels' chains of additions beside each other.
    if constexpr (row_panels > 4) {
      for (; panel + 4 <= last; panel += 4) matmul_tile<1, 4>(x, x_stride, 0, 1, w, depth, panel, finish);
    }
    if constexpr (row_panels > 2) {
      for (; panel + 2 <= last; panel += 2) matmul_tile<1, 2>(x, x_stride, 0, 1, w, depth, panel, finish);
    }
    if constexpr (row_panels > 1) {
      for (; panel < last; ++panel) matmul_tile<1, 1>(x, x_stride, 0, 1, w, depth, panel, finish);
    }
    return;
  }
  if constexpr (tile_panels > 1) {
    if (rows > tile_shape<Input>::ordered_rows)
      for (; panel + tile_panels <= last; panel += tile_panels)
        matmul_rows<tile_panels>(x, x_stride, rows, w, depth, panel, finish);
  }
  for (; panel < last; ++panel) matmul_rows<1>(x, x_stride, rows, w, depth, panel, finish);
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

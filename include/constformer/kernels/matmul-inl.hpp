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

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Accumulators of a tile of Rows × Panels·16 outputs; meant to live in registers.
template <int Rows, int Panels>
struct tile {
  static constexpr int vecs = Panels * panel_vecs;  ///< vectors of a row
  float_vec sums[Rows][vecs];                       ///< (Rows, Panels·16)
};

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

/// Integers below a scale, which the sums get later.
template <>
struct panel_line<std::int8_t> {
  static constexpr int columns = 1;   ///< input columns of a line
  static constexpr int elements = 1;  ///< of the line for each row
  /// The vector at `at`, which need not be aligned.
  static HWY_INLINE void load(std::int8_t const* at, float_vec (&out)[columns]) {
    hn::RebindToSigned<float_tag> const di;
    out[0] = hn::ConvertTo(float_tag(), hn::PromoteTo(di, hn::LoadU(hn::Rebind<std::int8_t, float_tag>(), at)));
  }
};

/// Pairs of four-bit integers below a scale, each 8 too large: column k in the low half, k + 1 in the high half.
template <>
struct panel_line<std::uint8_t> {
  static constexpr int columns = 2;   ///< input columns of a line
  static constexpr int elements = 1;  ///< of the line for each row
  /// `lanes` values of column k into out[0], of column k + 1 into out[1].
  static HWY_INLINE void load(std::uint8_t const* at, float_vec (&out)[columns]) {
    float_tag const d;
    hn::RebindToSigned<float_tag> const di;
    auto const both = hn::PromoteTo(di, hn::LoadU(hn::Rebind<std::uint8_t, float_tag>(), at));
    auto const eight = hn::Set(di, 8);
    out[0] = hn::ConvertTo(d, hn::Sub(hn::And(both, hn::Set(di, 15)), eight));
    out[1] = hn::ConvertTo(d, hn::Sub(hn::ShiftRight<4>(both), eight));
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

/// Sums of 0.
template <int Rows, int Panels>
HWY_INLINE void clear(tile<Rows, Panels>& t) {
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < tile<Rows, Panels>::vecs; ++v) t.sums[r][v] = hn::Zero(float_tag());
  }
}

/// sums (Rows, Panels·16) += Σₖ x[row][k] · w[k]; every sum has one chain of additions, in the order of k. `w` is a place
/// among panels that tells `at(panel)` and advances. An odd depth of pairs reads one float more of x, which meets a weight of 0.
template <class Weight, int Rows, int Panels, class Place, class Depth>
HWY_INLINE void accumulate(tile<Rows, Panels>& t, float const* const (&x)[Rows], Place w, Depth depth) {
  using line = panel_line<Weight>;
  constexpr int vecs = tile<Rows, Panels>::vecs;
  float_tag const d;
  for (int k = 0; k < depth; k += line::columns, w.advance(line::columns)) {
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
      continue;
    }
    if constexpr (requires { w.fetch(); }) w.fetch();
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
  template <int Rows, int Panels, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, float const* const (&x)[Rows], Depth depth, int first) const {
    accumulate<Weight>(t, x, from(first), depth);
  }
};

/// Panels that fetch into L2 what lies one panel ahead, line by line as they are multiplied.
template <class Weight>
struct fetching_panels {
  panels<Weight> w;  ///< those that are multiplied

  /// Asks for the line one panel after the one at hand.
  HWY_INLINE void fetch() const { __builtin_prefetch(w.base + w.panel, 0, 2); }
  /// Panel p of the input column at hand.
  [[nodiscard]] HWY_INLINE Weight const* at(int p) const { return w.at(p); }
  /// Goes on by that many input columns.
  HWY_INLINE void advance(int columns) { w.advance(columns); }
  /// sums += x · these, by `accumulate`.
  template <int Rows, int Panels, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, float const* const (&x)[Rows], Depth depth, int first) const {
    accumulate<Weight>(t, x, fetching_panels{w.from(first)}, depth);
  }
};

/// Panels of types with scales, `groups` blocks of 32 columns each.
template <class Block>
struct block_panels {
  Block const* base;   ///< of panel 0
  std::size_t groups;  ///< of a panel

  /// What a line of `Block` consists of: std::int8_t, or pairs of four bits.
  using value = std::remove_const_t<std::remove_reference_t<decltype(Block::values[0][0])>>;

  /// sums += x · these: the products of each group are summed first, which is exact in the scale, and then scaled.
  template <int Rows, int Panels, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, float const* const (&x)[Rows], Depth depth, int first) const {
    float_tag const d;
    hn::Rebind<hwy::float16_t, float_tag> const dh;
    Block const* block = base + static_cast<std::size_t>(first) * groups;
    for (int k = 0; k < depth; k += block_columns, ++block) {
      float const* inputs[Rows];
      HWY_UNROLL(16)
      for (int r = 0; r < Rows; ++r) inputs[r] = x[r] + k;
      tile<Rows, Panels> group;
      clear(group);
      constexpr std::size_t row = std::size_t{panel_rows} * panel_line<value>::elements / panel_line<value>::columns;
      panels<value> const w{&block->values[0][0], groups * sizeof(Block), row};
      if (depth - k >= block_columns)
        accumulate<value>(group, inputs, w, fixed<block_columns>());
      else
        accumulate<value>(group, inputs, w, depth - k);
      HWY_UNROLL(16)
      for (int v = 0; v < tile<Rows, Panels>::vecs; ++v) {
        auto const* const scales = reinterpret_cast<hwy::float16_t const*>(
            block[static_cast<std::size_t>(v / panel_vecs) * groups].scales + v % panel_vecs * lanes);
        float_vec const scale = hn::PromoteTo(d, hn::LoadU(dh, scales));
        HWY_UNROLL(16)
        for (int r = 0; r < Rows; ++r) t.sums[r][v] = hn::MulAdd(scale, group.sums[r][v], t.sums[r][v]);
      }
    }
  }
};

/// Rows of x that share each load of weights: as many as fill the registers with accumulators.
inline constexpr int tile_rows = registers == 32 ? (panel_vecs == 1 ? 12 : 6) : (panel_vecs == 4 ? 3 : 6);
/// The same for what such tiles leave over: four beams, or the last rows of a source, would fill half a tile.
inline constexpr int rest_rows = panel_vecs == 4 ? 2 : 4;
/// Panels that share each load of x, if there are several rows.
inline constexpr int tile_panels = registers == 32 && panel_vecs == 1 ? 2 : 1;
/// Panels that one row takes at once: eight independent chains of additions hide their latency.
inline constexpr int vector_panels = panel_vecs == 4 ? 2 : 8 / panel_vecs;

/// A matrix (out, in) in panels.
template <class Weight>
HWY_INLINE panels<Weight> panels_of(Weight const* base, std::size_t depth) {
  std::size_t const stored = panel_line<Weight>::columns == 2 ? depth + depth % 2 : depth;
  return {base, stored * panel_rows, panel_rows};
}

/// The same of a type with scales.
HWY_INLINE block_panels<q8_0_block> panels_of(q8_0_block const* base, std::size_t depth) {
  return {base, (depth + block_columns - 1) / block_columns};
}
/// The same.
HWY_INLINE block_panels<q4_0_block> panels_of(q4_0_block const* base, std::size_t depth) {
  return {base, (depth + block_columns - 1) / block_columns};
}

/// One tile: rows [row, row + Rows) of x, of which those below `rows` count, and panels [panel, panel + Panels) of `w`,
/// which is `panels` or adds products as they do.
template <int Rows, int Panels, class Weights, class Depth, class Finish>
HWY_INLINE void matmul_tile(float const* x, std::size_t x_stride, int row, int rows, Weights const& w, Depth depth,
                            int panel, Finish const& finish) {
  float const* inputs[Rows];
  for (int r = 0; r < Rows; ++r) inputs[r] = x + static_cast<std::size_t>(HWY_MIN(row + r, rows - 1)) * x_stride;
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
template <int Rows, int Panels, class Weights, class Depth, class Finish>
HWY_INLINE void matmul_next(float const* x, std::size_t x_stride, int row, int rows, Weights const& w, Depth depth,
                            int panel, Finish const& finish) {
  constexpr int shallow = 256;
  constexpr int fetching_tiles = 3;
  if constexpr (requires { fetching_panels{w}; }) {
    if (depth >= shallow && rows - row <= fetching_tiles * tile_rows)
      return matmul_tile<Rows, Panels>(x, x_stride, row, rows, fetching_panels{w}, depth, panel, finish);
  }
  matmul_tile<Rows, Panels>(x, x_stride, row, rows, w, depth, panel, finish);
}

/// All rows of `Panels` panels from `panel` on, in tiles of `tile_rows` and `rest_rows`: as few rows more than there are as it takes.
template <int Panels, class Weights, class Depth, class Finish>
HWY_INLINE void matmul_rows(float const* x, std::size_t x_stride, int rows, Weights const& w, Depth depth, int panel,
                            Finish const& finish) {
  int row = 0;
  while (row < rows) {
    int const left = rows - row;
    if (left <= rest_rows || (left > tile_rows && left <= 2 * rest_rows)) {
      matmul_next<rest_rows, Panels>(x, x_stride, row, rows, w, depth, panel, finish);
      row += rest_rows;
    } else {
      matmul_next<tile_rows, Panels>(x, x_stride, row, rows, w, depth, panel, finish);
      row += tile_rows;
    }
  }
}

/// Panels [first, last) of x (rows, depth) · Wᵀ; finish(row, column, vector of `lanes` sums) is told every output once.
/// A gated layer relies on a panel being finished before the next one of the same row.
template <class Weight, class Depth, class Finish>
HWY_NOINLINE void matmul(float const* HWY_RESTRICT x, std::size_t x_stride, int rows, Weight const* HWY_RESTRICT weight,
                         Depth depth, int first, int last, Finish const& finish) {
  auto const w = panels_of(weight, static_cast<std::size_t>(static_cast<int>(depth)));
  int panel = first;
  if (rows == 1) {
    for (; panel + vector_panels <= last; panel += vector_panels)
      matmul_tile<1, vector_panels>(x, x_stride, 0, 1, w, depth, panel, finish);
    if constexpr (vector_panels > 2) {  // narrow matrices: two panels' chains of additions beside each other
      for (; panel + 2 <= last; panel += 2) matmul_tile<1, 2>(x, x_stride, 0, 1, w, depth, panel, finish);
    }
    for (; panel < last; ++panel) matmul_tile<1, 1>(x, x_stride, 0, 1, w, depth, panel, finish);
    return;
  }
  for (; panel + tile_panels <= last; panel += tile_panels)
    matmul_rows<tile_panels>(x, x_stride, rows, w, depth, panel, finish);
  if constexpr (tile_panels > 1) {
    for (; panel < last; ++panel) matmul_rows<1>(x, x_stride, rows, w, depth, panel, finish);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

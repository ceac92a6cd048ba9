// y (T, out) = x (T, in) · Wᵀ, with W in panels of 16 output rows (checkpoint/packed_layout.hpp).
#if defined(CONSTFORMER_KERNELS_MATMUL_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_MATMUL_INL_HPP
#undef CONSTFORMER_KERNELS_MATMUL_INL_HPP
#else
#define CONSTFORMER_KERNELS_MATMUL_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Panels side by side in memory: `panel` elements from one to the next, `row` elements from one input column to the next.
template <class Weight>
struct panels {
  Weight const* base;  ///< of panel 0
  std::size_t panel;   ///< elements
  std::size_t row;     ///< elements
};

/// Accumulators of a tile of Rows × Panels·16 outputs; meant to live in registers.
template <int Rows, int Panels>
struct tile {
  static constexpr int vecs = Panels * panel_vecs;  ///< vectors of a row
  float_vec sums[Rows][vecs];                       ///< (Rows, Panels·16)
};

/// sums (Rows, Panels·16) = Σₖ x[row][k] · w[k]; every sum has one chain of additions, in the order of k.
template <int Rows, int Panels, class Depth>
HWY_INLINE void accumulate(float const* const (&x)[Rows], panels<float> w, Depth depth, tile<Rows, Panels>& t) {
  constexpr int vecs = tile<Rows, Panels>::vecs;
  float_tag const d;
  float_vec sums[Rows][vecs];
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < vecs; ++v) sums[r][v] = hn::Zero(d);
  }
  float const* HWY_RESTRICT column = w.base;
  for (int k = 0; k < depth; ++k, column += w.row) {
    float_vec weight[vecs];
    HWY_UNROLL(16)
    for (int v = 0; v < vecs; ++v)
      weight[v] = hn::LoadU(d, column + static_cast<std::size_t>(v / panel_vecs) * w.panel + (v % panel_vecs) * lanes);
    HWY_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      float_vec const input = hn::Set(d, x[r][k]);
      HWY_UNROLL(16)
      for (int v = 0; v < vecs; ++v) sums[r][v] = hn::MulAdd(input, weight[v], sums[r][v]);
    }
  }
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < vecs; ++v) t.sums[r][v] = sums[r][v];
  }
}

/// The same for bf16 panels: a 32-bit lane holds columns k (low half) and k+1 of one output; widening is exact.
template <int Rows, int Panels, class Depth>
HWY_INLINE void accumulate(float const* const (&x)[Rows], panels<hwy::bfloat16_t> w, Depth depth, tile<Rows, Panels>& t) {
  constexpr int vecs = tile<Rows, Panels>::vecs;
  float_tag const d;
  hn::RebindToUnsigned<float_tag> const du;
  float_vec sums[Rows][vecs];
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < vecs; ++v) sums[r][v] = hn::Zero(d);
  }
  auto const high_half = hn::Set(du, 0xFFFF0000U);
  std::uint32_t const* HWY_RESTRICT pair = reinterpret_cast<std::uint32_t const*>(w.base);
  for (int k = 0; k < depth; k += 2, pair += w.row) {
    float_vec low[vecs];
    float_vec high[vecs];
    HWY_UNROLL(16)
    for (int v = 0; v < vecs; ++v) {
      auto const both = hn::LoadU(du, pair + static_cast<std::size_t>(v / panel_vecs) * (w.panel / 2) + (v % panel_vecs) * lanes);
      low[v] = hn::BitCast(d, hn::ShiftLeft<16>(both));
      high[v] = hn::BitCast(d, hn::And(both, high_half));
    }
    HWY_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      float_vec const first = hn::Set(d, x[r][k]);
      float_vec const second = hn::Set(d, x[r][k + 1]);
      HWY_UNROLL(16)
      for (int v = 0; v < vecs; ++v) sums[r][v] = hn::MulAdd(second, high[v], hn::MulAdd(first, low[v], sums[r][v]));
    }
  }
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < vecs; ++v) t.sums[r][v] = sums[r][v];
  }
}

/// Rows of x that share each load of weights, and panels that share each load of x, so that accumulators fill the registers.
/// @{
inline constexpr int tile_rows = registers == 32 ? (panel_vecs == 1 ? 12 : 6) : (panel_vecs == 4 ? 3 : 6);
inline constexpr int tile_panels = registers == 32 && panel_vecs == 1 ? 2 : 1;
inline constexpr int vector_panels = panel_vecs == 4 ? 2 : 8 / panel_vecs;  // for one row: eight independent chains hide the latency
/// @}

/// A matrix (out, in) in panels.
template <class Weight>
HWY_INLINE panels<Weight> panels_of(Weight const* base, std::size_t depth) {
  std::size_t const stored = sizeof(Weight) == 2 ? depth + depth % 2 : depth;
  return {base, stored * panel_rows, panel_rows};
}

/// One tile: rows [row, row + Rows) of x, of which those below `rows` count, and panels [panel, panel + Panels).
template <int Rows, int Panels, class Weight, class Depth, class Finish>
HWY_INLINE void matmul_tile(float const* x, std::size_t x_stride, int row, int rows, panels<Weight> const& w, Depth depth, int panel,
                            Finish const& finish) {
  float const* inputs[Rows];
  for (int r = 0; r < Rows; ++r) inputs[r] = x + static_cast<std::size_t>(HWY_MIN(row + r, rows - 1)) * x_stride;
  tile<Rows, Panels> t;
  accumulate<Rows, Panels>(inputs, panels<Weight>{w.base + static_cast<std::size_t>(panel) * w.panel, w.panel, w.row}, depth, t);
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    if (row + r >= rows) break;
    HWY_UNROLL(16)
    for (int v = 0; v < tile<Rows, Panels>::vecs; ++v) finish(row + r, panel * panel_rows + v * lanes, t.sums[r][v]);
  }
}

/// Panels [first, last) of x (rows, depth) · Wᵀ; finish(row, column, vector of `lanes` sums) is told every output once. A gated
/// layer relies on a panel being finished before the next one of the same row.
template <class Weight, class Depth, class Finish>
HWY_NOINLINE void matmul(float const* HWY_RESTRICT x, std::size_t x_stride, int rows, Weight const* HWY_RESTRICT weight, Depth depth,
                         int first, int last, Finish const& finish) {
  panels<Weight> const w = panels_of(weight, static_cast<std::size_t>(static_cast<int>(depth)));
  int panel = first;
  if (rows == 1) {
    for (; panel + vector_panels <= last; panel += vector_panels)
      matmul_tile<1, vector_panels>(x, x_stride, 0, 1, w, depth, panel, finish);
    for (; panel < last; ++panel) matmul_tile<1, 1>(x, x_stride, 0, 1, w, depth, panel, finish);
    return;
  }
  for (; panel + tile_panels <= last; panel += tile_panels)
    for (int row = 0; row < rows; row += tile_rows) matmul_tile<tile_rows, tile_panels>(x, x_stride, row, rows, w, depth, panel, finish);
  if constexpr (tile_panels > 1) {
    for (; panel < last; ++panel)
      for (int row = 0; row < rows; row += tile_rows) matmul_tile<tile_rows, 1>(x, x_stride, row, rows, w, depth, panel, finish);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

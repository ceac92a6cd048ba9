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

#include "constformer/core/check.hpp"
#include "constformer/core/type_text.hpp"
#include "constformer/kernels/block_panels-inl.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/panels-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/super_panels-inl.hpp"
#include "constformer/kernels/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

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
  /// So many rows take a bundle at once, too, where registers do: what they wait for is memory, which is read fastest
  /// strictly in order.
  static constexpr int few_rows = panel_vecs == 1 ? rest_rows : 1;
  /// Panels that one row takes at once, a bundle: their chains of additions hide each other's latency.
  static constexpr int vector_panels = panel_vecs == 4 ? 2 : bundle_panels;
};

/// Of integers: the weights of a quad take registers too, and the sums of a block are short chains.
template <class Block, integer_dots Dots>
struct tile_shape<input_block<Block, Dots>> {
  static constexpr int rows = panel_vecs == 4 ? 2 : 4;                       ///< that share each load of weights
  static constexpr int rest_rows = 2;                                        ///< for what such tiles leave over
  static constexpr int middle_rows = rows;                                   ///< and in between
  static constexpr int panels = registers == 32 && panel_vecs == 1 ? 2 : 1;  ///< that share each load of x
  static constexpr int few_rows = 8;                                         ///< up to which one panel is taken at once
  static constexpr int vector_panels = 1;  ///< that one row takes at once: blocks strictly in the order of memory
};

/// A matrix (count·16, depth) in panels.
template <class Weight, class Count>
HWY_INLINE auto panels_of(Weight const* base, int depth, Count count) {
  if constexpr (is_super_block<Weight>) {
    constexpr auto columns = static_cast<std::size_t>(Weight::pieces * block_columns);
    return super_panels<Weight>{base, static_cast<std::size_t>(depth) / columns};
  } else if constexpr (has_scales<Weight>) {
    return block_panels<Weight>{base, input_blocks(depth)};
  } else {
    constexpr int columns = panel_line<Weight>::columns;
    return bundles<Weight, Count>{base, static_cast<std::size_t>((depth + columns - 1) / columns), count};
  }
}

/// Where rows [row, row + Rows) of x begin, the last of all for those above it.
template <int Rows, class Input>
HWY_INLINE void rows_of(Input const* x, std::size_t x_stride, int row, int rows, Input const* (&out)[Rows]) {
  for (int r = 0; r < Rows; ++r) {
    out[r] = x + static_cast<std::size_t>(HWY_MIN(row + r, rows - 1)) * x_stride;
    // One by one: g++ 12 computes them in vectors, whose constants then take the registers of the weights (AVX-512:
    // half the speed).
    asm("" : "+r"(out[r]));
  }
}

/// Tells `finish` the sums of rows from `row` on, of which those below `rows` count, and of panels from `panel` on.
template <int Rows, int Panels, class Finish>
HWY_INLINE void finish_tile(tile<Rows, Panels> const& t, int row, int rows, int panel, Finish const& finish) {
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    if (row + r >= rows) break;
    HWY_UNROLL(16)
    for (int v = 0; v < tile<Rows, Panels>::vecs; ++v) finish(row + r, panel * panel_rows + v * lanes, t.sums[r][v]);
  }
}

/// One tile: rows [row, row + Rows) of x, of which those below `rows` count, and panels [panel, panel + Panels) of `w`,
/// which adds products as `bundles` do and has these beside each other.
template <int Rows, int Panels, class Input, class Weights, class Depth, class Finish>
HWY_INLINE void matmul_tile(Input const* x, std::size_t x_stride, int row, int rows, Weights const& w, Depth depth,
                            int panel, Finish const& finish) {
  Input const* inputs[Rows];
  rows_of(x, x_stride, row, rows, inputs);
  tile<Rows, Panels> t;
  clear(t);
  w.add_to(t, inputs, depth, panel);
  finish_tile(t, row, rows, panel, finish);
}

/// Matrices of less depth stay in L2.
inline constexpr int shallow = 256;

/// `matmul_tile`; the last tiles of rows fetch the next panel from memory meanwhile, which otherwise would wait for
/// their products, and the products of the next panel for memory. Not for shallow matrices, which stay in L2, nor for
/// types with scales.
template <int Rows, int Panels, class Input, class Weights, class Depth, class Finish>
HWY_INLINE void matmul_next(Input const* x, std::size_t x_stride, int row, int rows, Weights const& w, Depth depth,
                            int panel, Finish const& finish) {
  constexpr int fetching_tiles = 3;
  auto const ahead = w.template fetching_ahead<fetched::bundle>();
  if constexpr (!std::is_same_v<decltype(ahead), Weights const>) {
    if (depth >= shallow && rows - row <= fetching_tiles * tile_shape<Input>::rows)
      return matmul_tile<Rows, Panels>(x, x_stride, row, rows, ahead, depth, panel, finish);
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

/// take<Panels>(panel) for all panels in [first, last), `Most` of them at once where so many lie beside each other.
template <int Most, class Weights, class Take>
HWY_INLINE void in_turn(Weights const& w, int first, int last, Take const& take) {
  static_assert(Most <= 4);
  for (int panel = first;;) {
    for (; w.beside(panel, last) >= Most; panel += Most) take.template operator()<Most>(panel);
    if (panel >= last) return;
    int const rest = w.beside(panel, last);
    if (Most > 3 && rest == 3)
      take.template operator()<HWY_MIN(Most, 3)>(panel);
    else if (Most > 2 && rest == 2)
      take.template operator()<HWY_MIN(Most, 2)>(panel);
    else
      take.template operator()<1>(panel);
    panel += rest;
  }
}

/// What is told sums: a row, the column of the first of `lanes` outputs, and these.
template <class Finish>
inline constexpr bool takes_sums = std::is_invocable_v<Finish const&, int, int, float_vec>;

/// Panels [first, last) of the `count` of x (rows, depth) · Wᵀ; finish(row, column, vector of `lanes` sums) is told
/// every output once. `Input` is float, a `bf16_input` of weights in bf16, or an `input_block` of Weight: then x_stride
/// is in blocks. A gated layer relies on a panel being finished before the next one of the same row. `Fetched` is what
/// few rows fetch.
template <fetched Fetched = fetched::nothing, class Weight, class Input, class Depth, class Count, class Finish>
HWY_NOINLINE void matmul(Input const* HWY_RESTRICT x, std::size_t x_stride, int rows, Weight const* HWY_RESTRICT weight,
                         Depth depth, Count count, int first, int last, Finish const& finish) {
  if constexpr (!takes_sums<Finish>) {
    static_assert(
        check<takes_sums<Finish>, "matmul: finish is {}, which takes no (int row, int column, float_vec sums)",
              type_text<Finish>()>::value);
  } else {
    using shape = tile_shape<Input>;
    auto const w = panels_of(weight, depth, count);
    auto const ahead = w.template fetching_ahead<Fetched>();
    if (rows == 1) {
      auto const take = [&]<int Panels>(int panel) HWY_ATTR
          __attribute__((always_inline)) { matmul_tile<1, Panels>(x, x_stride, 0, 1, ahead, depth, panel, finish); };
      return in_turn<shape::vector_panels>(w, first, last, take);
    }
    auto const take_rows = [&]<int Panels>(int panel) HWY_ATTR
        __attribute__((always_inline)) { matmul_rows<Panels>(x, x_stride, rows, w, depth, panel, finish); };
    if constexpr (has_scales<Weight>) {
      if (rows <= shape::few_rows) return in_turn<1>(w, first, last, take_rows);
    } else if constexpr (shape::few_rows > 1 && !is_chained<Depth>) {
      auto const take = [&]<int Panels>(int panel) HWY_ATTR __attribute__((always_inline)) {
        matmul_tile<shape::few_rows, Panels>(x, x_stride, 0, rows, ahead, depth, panel, finish);
      };
      if (rows <= shape::few_rows && depth >= shallow) return in_turn<bundle_panels>(w, first, last, take);
    }
    in_turn<shape::panels>(w, first, last, take_rows);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

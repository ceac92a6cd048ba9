// Panels of types with scales: as integers, or widened to floats.
#if defined(CONSTFORMER_KERNELS_BLOCK_PANELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_BLOCK_PANELS_INL_HPP
#undef CONSTFORMER_KERNELS_BLOCK_PANELS_INL_HPP
#else
#define CONSTFORMER_KERNELS_BLOCK_PANELS_INL_HPP
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/integers-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// True of types whose panels are `block_panels`.
template <class Weight>
inline constexpr bool has_scales = requires(Weight const& w) { w.scales; };

/// Columns 4·quad + c of `lanes` rows from `row` on, before their scale, into out[c].
template <class Block>
HWY_INLINE void widen_quad(Block const& block, int quad, int row, float_vec (&out)[quad_columns]) {
  float_tag const d;
  if constexpr (lanes == 1) {
    for (int c = 0; c < quad_columns; ++c)
      out[c] = hn::Set(d, static_cast<float>(quantised_at(block, quad * quad_columns + c, row)));
  } else {
    auto const bytes = hn::BitCast(int_tag(), signed_quad(block, quad, row));
    out[0] = hn::ConvertTo(d, hn::ShiftRight<24>(hn::ShiftLeft<24>(bytes)));
    out[1] = hn::ConvertTo(d, hn::ShiftRight<24>(hn::ShiftLeft<8>(bytes)));
    out[2] = hn::ConvertTo(d, hn::ShiftRight<24>(hn::ShiftLeft<16>(bytes)));
    out[3] = hn::ConvertTo(d, hn::ShiftRight<24>(bytes));
  }
}
/// The same.
HWY_INLINE void widen_quad(q4_0_block const& block, int quad, int row, float_vec (&out)[quad_columns]) {
  constexpr int quads = block_columns / 2 / quad_columns;
  auto const both = hn::LoadU(int_tag(), reinterpret_cast<std::int32_t const*>(block.values[quad % quads][row]));
  auto bytes = quad < quads ? both : hn::ShiftRight<4>(both);
  HWY_UNROLL(4)
  for (int c = 0; c < quad_columns; ++c, bytes = hn::ShiftRight<8>(bytes))
    out[c] = hn::ConvertTo(float_tag(), hn::Sub(hn::And(bytes, hn::Set(int_tag(), 15)), hn::Set(int_tag(), 8)));
}

/// Panels of a type with scales, `groups` blocks of 32 columns each.
template <class Block>
struct block_panels {
  Block const* base;   ///< of panel 0
  std::size_t groups;  ///< of a panel

  /// How many panels from `panel` on, but for `last` and those after it, a tile may have: they lie one after the other.
  [[nodiscard]] static HWY_INLINE int beside(int panel, int last) { return last - panel; }
  /// The same: whatever is asked for, processors fetch blocks that are read in order themselves (docs/performance.md,
  /// Weights in the order of memory).
  template <fetched What>
  [[nodiscard]] HWY_INLINE block_panels fetching_ahead() const {
    return *this;
  }

  /// sums += x · these, weights widened to floats.
  template <int Rows, int Panels, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, float const* const (&x)[Rows], Depth depth, int first) const {
    Block const* block = base + static_cast<std::size_t>(first) * groups;
    for (int k = 0; k < depth; k += block_columns, ++block) {
      float copies[Rows][block_columns];
      float const* columns[Rows];
      for (int r = 0; r < Rows; ++r) columns[r] = whole_block(x[r] + k, depth - k, copies[r]);
      tile<Rows, Panels> group;
      clear(group);
      for (int quad = 0; quad < block_columns / quad_columns; ++quad) add_quad(group, columns, block, quad);
      add_scaled(t, group, block, [](int) { return 1.0F; });
    }
  }

  /// sums += x · these, in integers.
  template <int Rows, int Panels, integer_dots Dots, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, input_block<Block, Dots> const* const (&x)[Rows], Depth depth,
                         int first) const {
    constexpr int vecs = tile<Rows, Panels>::vecs;
    Block const* block = base + static_cast<std::size_t>(first) * groups;
    input_block<Block, Dots> const* inputs[Rows];
    for (int r = 0; r < Rows; ++r) inputs[r] = x[r];
    for (int k = 0; k < depth; k += block_columns, ++block) {
      int_vec sums[Rows][vecs];
      multiply_block(inputs, block, groups, sums);
      tile<Rows, Panels> group;
      HWY_UNROLL(16)
      for (int r = 0; r < Rows; ++r) {
        HWY_UNROLL(16)
        for (int v = 0; v < vecs; ++v) group.sums[r][v] = hn::ConvertTo(float_tag(), sums[r][v]);
      }
      add_scaled(t, group, block, [&](int r) { return inputs[r]->scale; });
      for (int r = 0; r < Rows; ++r) ++inputs[r];
    }
  }

 private:
  // The 32 columns at `x`; if a row's last block has fewer, a copy with zeros after them.
  static HWY_INLINE float const* whole_block(float const* x, int count, float (&copy)[block_columns]) {
    if (count >= block_columns) return x;
    for (int k = 0; k < block_columns; ++k) copy[k] = k < count ? x[k] : 0.0F;
    return copy;
  }

  template <int Rows, int Panels>
  HWY_INLINE void add_quad(tile<Rows, Panels>& t, float const* const (&x)[Rows], Block const* block, int quad) const {
    HWY_UNROLL(16)
    for (int v = 0; v < tile<Rows, Panels>::vecs; ++v) {
      float_vec weight[quad_columns];
      widen_quad(block[static_cast<std::size_t>(v / panel_vecs) * groups], quad, v % panel_vecs * lanes, weight);
      HWY_UNROLL(16)
      for (int r = 0; r < Rows; ++r) {
        HWY_UNROLL(4)
        for (int c = 0; c < quad_columns; ++c)
          t.sums[r][v] = hn::MulAdd(hn::Set(float_tag(), x[r][quad * quad_columns + c]), weight[c], t.sums[r][v]);
      }
    }
  }

  // sums += scale of the weights · input_scale(row) · those of the block
  template <int Rows, int Panels, class InputScale>
  HWY_INLINE void add_scaled(tile<Rows, Panels>& t, tile<Rows, Panels> const& group, Block const* block,
                             InputScale input_scale) const {
    float_tag const d;
    hn::Rebind<hwy::float16_t, float_tag> const dh;
    HWY_UNROLL(16)
    for (int v = 0; v < tile<Rows, Panels>::vecs; ++v) {
      auto const* const scales = reinterpret_cast<hwy::float16_t const*>(
          block[static_cast<std::size_t>(v / panel_vecs) * groups].scales + v % panel_vecs * lanes);
      float_vec const scale = hn::PromoteTo(d, hn::LoadU(dh, scales));
      HWY_UNROLL(16)
      for (int r = 0; r < Rows; ++r)
        t.sums[r][v] = hn::MulAdd(hn::Mul(scale, hn::Set(d, input_scale(r))), group.sums[r][v], t.sums[r][v]);
    }
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

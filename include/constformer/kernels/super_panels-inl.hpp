// Panels of super-blocks: as integers, or widened to floats.
#if defined(CONSTFORMER_KERNELS_SUPER_PANELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_SUPER_PANELS_INL_HPP
#undef CONSTFORMER_KERNELS_SUPER_PANELS_INL_HPP
#else
#define CONSTFORMER_KERNELS_SUPER_PANELS_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "hwy/highway.h"

#include "constformer/checkpoint/super_blocks.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/integers-inl.hpp"
#include "constformer/kernels/panels-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/super_blocks-inl.hpp"
#include "constformer/kernels/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

namespace super {

// Byte `Place` of each word less `middle`, as floats.
template <class Block, int Place>
HWY_INLINE float_vec widened_byte(int_vec words) {
  auto const top = hn::ShiftLeft<24 - 8 * Place>(words);
  if constexpr (std::is_same_v<Block, q8_f_block>) return hn::ConvertTo(float_tag(), hn::ShiftRight<24>(top));
  auto const byte = masked(hn::ShiftRight<24>(top), 0xFFU);
  return hn::ConvertTo(float_tag(), hn::Sub(byte, hn::Set(int_tag(), Block::middle)));
}

/// 32 columns of a panel as floats, a line of 16 rows for each.
struct float_lines {
  alignas(64) float values[block_columns][panel_rows];  ///< (column, row)
};

template <int Part, class Block>
HWY_INLINE void widen_part(Block const& block, super_scales<Block> const& scales, int piece, int row,
                           float_lines& out) {
  float_tag const d;
  float_vec const scale = scales.scale(piece, Part, row);
  float_vec least = hn::Zero(d);
  if constexpr (super_scales<Block>::has_leasts) least = scales.least(piece, Part, row);
  for_each_super_quad<Block, Part>([&]<int Quad>() HWY_ATTR __attribute__((always_inline)) {
    int_vec const words = super_quad<Quad>(block, piece, row);
    float_vec const weights[quad_columns]{widened_byte<Block, 0>(words), widened_byte<Block, 1>(words),
                                          widened_byte<Block, 2>(words), widened_byte<Block, 3>(words)};
    HWY_UNROLL(4)
    for (int c = 0; c < quad_columns; ++c)
      hn::Store(hn::MulSub(scale, weights[c], least), d, out.values[Quad * quad_columns + c] + row);
  });
}

// What a piece stands for, value by value as ggml has it: the product is exact and rounded once. Not inlined, so that
// tiles of all shapes share it.
template <class Block>
HWY_NOINLINE inline void widen_piece(Block const& block, super_scales<Block> const& scales, int piece,
                                     float_lines& out) {
  for (int row = 0; row < panel_rows; row += lanes) {
    widen_part<0>(block, scales, piece, row, out);
    if constexpr (Block::parts == 2) widen_part<1>(block, scales, piece, row, out);
  }
}

// Quads whose products with unsigned weights of a type a sum of 16 bits holds: 15·127·2·8 = 30480, 31·127·2·4 = 31496,
// 63·127·2·2 = 32004.
template <class Block>
inline constexpr int quads_of_16_bits = 8;
template <>
inline constexpr int quads_of_16_bits<q5_k_block> = 4;
template <>
inline constexpr int quads_of_16_bits<q6_k_block> = 2;

/// What is read of `Panels` panels at one place of their depth.
template <class Block, int Panels>
struct super_column {
  Block const* blocks[Panels];         ///< one of each panel
  super_scales<Block> scales[Panels];  ///< theirs

  /// The block of the first panel, and how many blocks from one panel to the next.
  template <std::size_t... I>
  HWY_INLINE super_column(Block const* first, std::size_t stride, std::index_sequence<I...>)
      : blocks{(first + I * stride)...}, scales{super_scales<Block>(first[I * stride])...} {}
};

}  // namespace super

/// Panels of super-blocks, `groups` blocks each.
template <class Block>
struct super_panels {
  Block const* base;   ///< of panel 0
  std::size_t groups;  ///< of a panel

  /// How many panels from `panel` on, but for `last` and those after it, a tile may have: they lie one after the other.
  [[nodiscard]] static HWY_INLINE int beside(int panel, int last) { return last - panel; }
  /// The same: processors fetch blocks that are read in order themselves.
  template <fetched What>
  [[nodiscard]] HWY_INLINE super_panels fetching_ahead() const {
    return *this;
  }

  /// sums += x · these, weights widened to floats. The depth is whole blocks.
  template <int Rows, int Panels, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, float const* const (&x)[Rows], Depth depth, int first) const {
    float const* inputs[Rows];
    for (int r = 0; r < Rows; ++r) inputs[r] = x[r];
    super::float_lines lines[Panels];
    panels<float, fixed<panel_rows>> const place{
        &lines[0].values[0][0], sizeof(super::float_lines) / sizeof(float), {}};
    each_piece<Panels>(depth, first, [&](auto const& at, int piece) HWY_ATTR {
      for (int p = 0; p < Panels; ++p) super::widen_piece(*at.blocks[p], at.scales[p], piece, lines[p]);
      accumulate<float>(t, inputs, place, int{block_columns});
      for (int r = 0; r < Rows; ++r) inputs[r] += block_columns;
    });
  }

  /// sums += x · these, in integers.
  template <int Rows, int Panels, integer_dots Dots, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, input_block<Block, Dots> const* const (&x)[Rows], Depth depth,
                         int first) const {
    input_block<Block, Dots> const* inputs[Rows];
    for (int r = 0; r < Rows; ++r) inputs[r] = x[r];
    each_piece<Panels>(depth, first, [&](auto const& at, int piece) HWY_ATTR __attribute__((always_inline)) {
      add_part<0>(t, inputs, at, piece);
      if constexpr (Block::parts == 2) add_part<1>(t, inputs, at, piece);
      for (int r = 0; r < Rows; ++r) ++inputs[r];
    });
  }

 private:
  // visit(blocks of `Panels` panels side by side, piece) for all pieces of 32 columns.
  template <int Panels, class Visit>
  HWY_INLINE void each_piece(int depth, int first, Visit const& visit) const {
    Block const* block = base + static_cast<std::size_t>(first) * groups;
    for (int k = 0; k < depth; k += Block::pieces * block_columns, ++block) {
      super::super_column<Block, Panels> const at(block, groups, std::make_index_sequence<Panels>());
#pragma GCC unroll 1
      for (int piece = 0; piece < Block::pieces; ++piece) visit(at, piece);
    }
  }

  // sums += scale · input_scale(row) · products − least · input_sum(row)
  template <int Part, int Rows, int Panels, class InputScale, class InputSum>
  static HWY_INLINE void add_scaled(tile<Rows, Panels>& t, tile<Rows, Panels> const& products,
                                    super::super_column<Block, Panels> const& at, int piece, InputScale input_scale,
                                    InputSum input_sum) {
    float_tag const d;
    HWY_UNROLL(16)
    for (int v = 0; v < tile<Rows, Panels>::vecs; ++v) {
      auto const& scales = at.scales[v / panel_vecs];
      int const row = v % panel_vecs * lanes;
      float_vec const scale = scales.scale(piece, Part, row);
      HWY_UNROLL(16)
      for (int r = 0; r < Rows; ++r)
        t.sums[r][v] = hn::MulAdd(hn::Mul(scale, hn::Set(d, input_scale(r))), products.sums[r][v], t.sums[r][v]);
      if constexpr (super_scales<Block>::has_leasts) {
        float_vec const least = scales.least(piece, Part, row);
        HWY_UNROLL(16)
        for (int r = 0; r < Rows; ++r) t.sums[r][v] = hn::NegMulAdd(least, hn::Set(d, input_sum(r)), t.sums[r][v]);
      }
    }
  }

  template <int Part, int Rows, int Panels, integer_dots Dots>
  static HWY_INLINE void add_part(tile<Rows, Panels>& t, input_block<Block, Dots> const* const (&x)[Rows],
                                  super::super_column<Block, Panels> const& at, int piece) {
    constexpr int vecs = tile<Rows, Panels>::vecs;
    int_vec sums[Rows][vecs];
    HWY_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      HWY_UNROLL(16)
      for (int v = 0; v < vecs; ++v) sums[r][v] = hn::Set(int_tag(), -Block::middle * x[r]->sums[Part]);
    }
#if HWY_TARGET == HWY_SCALAR
    multiply_columns<Part>(x, at, piece, sums);
#else
    if constexpr (Dots == integer_dots::quads)
      multiply_quads<Part>(x, at, piece, sums);
    else
      multiply_pairs<Part>(x, at, piece, sums);
#endif
    tile<Rows, Panels> products;
    HWY_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      HWY_UNROLL(16)
      for (int v = 0; v < vecs; ++v) products.sums[r][v] = hn::ConvertTo(float_tag(), sums[r][v]);
    }
    add_scaled<Part>(
        t, products, at, piece, [&](int r) { return x[r]->scale; }, [&](int r) { return x[r]->scaled_sum; });
  }

#if HWY_TARGET == HWY_SCALAR
  // One row a lane: its four columns one by one.
  template <int Part, int Rows, int Panels, class Input, int Vecs>
  static HWY_INLINE void multiply_columns(Input const* const (&x)[Rows], super::super_column<Block, Panels> const& at,
                                          int piece, int_vec (&sums)[Rows][Vecs]) {
    for_each_super_quad<Block, Part>([&]<int Quad>() HWY_ATTR __attribute__((always_inline)) {
      for (int v = 0; v < Vecs; ++v) {
        auto const word = static_cast<std::uint32_t>(
            hn::GetLane(super_quad<Quad>(*at.blocks[v / panel_vecs], piece, v % panel_vecs)));
        for (int r = 0; r < Rows; ++r) {
          int sum = hn::GetLane(sums[r][v]);
          for (int c = 0; c < quad_columns; ++c)
            sum += value_at(*x[r], Quad * quad_columns + c) * static_cast<int>(word >> (8 * c) & 0xFFU);
          sums[r][v] = hn::Set(int_tag(), sum);
        }
      }
    });
  }
#else
  template <int Part, int Rows, int Panels, class Input, int Vecs>
  static HWY_INLINE void multiply_quads(Input const* const (&x)[Rows], super::super_column<Block, Panels> const& at,
                                        int piece, int_vec (&sums)[Rows][Vecs]) {
    hn::Repartition<std::int8_t, int_tag> const di;
    for_each_super_quad<Block, Part>([&]<int Quad>() HWY_ATTR __attribute__((always_inline)) {
      HWY_UNROLL(16)
      for (int v = 0; v < Vecs; ++v) {
        auto const weights =
            hn::BitCast(byte_tag(), super_quad<Quad>(*at.blocks[v / panel_vecs], piece, v % panel_vecs * lanes));
        HWY_UNROLL(16)
        for (int r = 0; r < Rows; ++r)
          sums[r][v] = hn::SumOfMulQuadAccumulate(int_tag(), weights,
                                                  everywhere(di, x[r]->values + Quad * quad_columns), sums[r][v]);
      }
    });
  }

  template <int Part, int Rows, int Panels, class Input, int Vecs>
  static HWY_INLINE void multiply_pairs(Input const* const (&x)[Rows], super::super_column<Block, Panels> const& at,
                                        int piece, int_vec (&sums)[Rows][Vecs]) {
    hn::Repartition<std::int16_t, int_tag> const d;
    hn::Repartition<std::int8_t, int_tag> const di;
    constexpr int each = super::quads_of_16_bits<Block>;
    hn::Vec<decltype(d)> pairs[Rows][Vecs];
    for_each_super_quad<Block, Part>([&]<int Quad>() HWY_ATTR __attribute__((always_inline)) {
      HWY_UNROLL(16)
      for (int v = 0; v < Vecs; ++v) {
        auto const weights =
            hn::BitCast(byte_tag(), super_quad<Quad>(*at.blocks[v / panel_vecs], piece, v % panel_vecs * lanes));
        HWY_UNROLL(16)
        for (int r = 0; r < Rows; ++r) {
          auto const products =
              hn::SatWidenMulPairwiseAdd(d, weights, everywhere(di, x[r]->values + Quad * quad_columns));
          pairs[r][v] = Quad % each == 0 ? products : hn::Add(pairs[r][v], products);
          if constexpr (Quad % each == each - 1) sums[r][v] = add_pairs(pairs[r][v], hn::Set(d, 1), sums[r][v]);
        }
      }
    });
  }
#endif
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

// Products of integers: inputs rounded to 8 bits per block of 32 columns, weights of q8_0, q4_0 and iq4_nl as they are
// stored. The sums of a block are exact; each is scaled once.
#if defined(CONSTFORMER_KERNELS_INTEGERS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_INTEGERS_INL_HPP
#undef CONSTFORMER_KERNELS_INTEGERS_INL_HPP
#else
#define CONSTFORMER_KERNELS_INTEGERS_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// What this target is good at: AVX-512 as of Ice Lake has VPDPBUSD (VNNI).
inline constexpr integer_dots best_dots =
    HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3_DL ? integer_dots::quads : integer_dots::pairs;

/// Inputs beside weights in blocks of type `Block`, as this target wants them.
template <class Block>
using rounded_inputs = input_block<Block, best_dots>;

/// One block of 32 inputs, or of as many as `count` says with zeros after them, in the rounding of q8_0 but with the
/// scale unrounded.
template <class Block, integer_dots Dots>
HWY_INLINE void round_block(float const* x, int count, input_block<Block, Dots>& out) {
  constexpr bool reorder = Dots == integer_dots::quads && requires { Block::quad_place(0); };
  float_tag const d;
  float padded_inputs[block_columns];
  if (count < block_columns) {
    for (int k = 0; k < block_columns; ++k) padded_inputs[k] = k < count ? x[k] : 0.0F;
    x = padded_inputs;
  }
  // As integers magnitudes are in the same order, and a NaN is above all: the scale becomes one and so does what is made.
  int_tag const di;
  auto largest = hn::Zero(di);
  HWY_UNROLL(8)
  for (int k = 0; k < block_columns; k += lanes)
    largest = hn::Max(largest, hn::BitCast(di, hn::Abs(hn::LoadU(d, x + k))));
  float const top = hn::GetLane(hn::BitCast(d, hn::MaxOfLanes(di, largest)));
  out.scale = top / 127.0F;
  auto const inverse = hn::Set(d, top > 0.0F ? 127.0F / top : 0.0F);
  using value = std::remove_reference_t<decltype(out.values[0])>;
  hn::Rebind<value, float_tag> const dv;
  int_vec sums[2]{hn::Zero(int_tag()), hn::Zero(int_tag())};  // of each half
  HWY_UNROLL(8)
  for (int k = 0; k < block_columns; k += lanes) {
    auto rounded = hn::NearestInt(hn::Mul(hn::LoadU(d, x + k), inverse));
    int place = k;
    if constexpr (reorder && lanes == 1)
      place = k - k % quad_columns + Block::quad_place(k % quad_columns);
    else if constexpr (reorder)
      rounded = hn::Per4LaneBlockShuffle<3, 1, 2, 0>(rounded);  // 0, 2, 1, 3: `quad_place`
    hn::StoreU(hn::DemoteTo(dv, rounded), dv, out.values + place);
    sums[k / 16] = hn::Add(sums[k / 16], rounded);
  }
  constexpr int each = std::is_same_v<Block, q4_0_block> ? 8 : 128;
  if constexpr (requires { out.excess; }) out.excess = each * hn::ReduceSum(int_tag(), hn::Add(sums[0], sums[1]));
  if constexpr (is_super_block<Block>) {
    for (int half = 0; half < 2; ++half) out.sums[half] = hn::ReduceSum(int_tag(), sums[half]);
    out.scaled_sum = out.scale * static_cast<float>(out.sums[0] + out.sums[1]);
  }
}

/// A row of `depth` inputs as integers.
template <class Block, integer_dots Dots>
HWY_NOINLINE void round_row(float const* x, int depth, input_block<Block, Dots>* out) {
  for (int k = 0; k < depth; k += block_columns, ++out) round_block(x + k, HWY_MIN(block_columns, depth - k), *out);
}

#if HWY_TARGET == HWY_SCALAR
/// Exact sums of a block: x (Rows, 32) · one row of a block of each panel, `stride` blocks from one panel to the next.
template <class Block, integer_dots Dots, int Rows, int Vecs>
HWY_INLINE void multiply_block(input_block<Block, Dots> const* const (&x)[Rows], Block const* block, std::size_t stride,
                               int_vec (&sums)[Rows][Vecs]) {
  for (int v = 0; v < Vecs; ++v) {
    Block const& weights = block[static_cast<std::size_t>(v / panel_vecs) * stride];
    for (int r = 0; r < Rows; ++r) {
      int sum = 0;
      for (int k = 0; k < block_columns; ++k) sum += value_at(*x[r], k) * quantised_at(weights, k, v % panel_vecs);
      sums[r][v] = hn::Set(int_tag(), sum);
    }
  }
}
#else
/// sum += a·b over neighbouring pairs of 16-bit integers; one instruction where there is one.
template <class Vec>
HWY_INLINE int_vec add_pairs(Vec a, Vec b, int_vec sum) {
#if HWY_ARCH_X86
  auto unused = hn::Zero(int_tag());
  return hn::ReorderWidenMulAccumulate(int_tag(), a, b, sum, unused);
#else
  return hn::Add(sum, hn::WidenMulPairwiseAdd(int_tag(), a, b));
#endif
}

/// Bytes of quad `quad` of `lanes` rows from `row` on, before their scale, in the order of `quad_place`.
HWY_INLINE auto signed_quad(q8_0_block const& block, int quad, int row) {
  return hn::LoadU(hn::Repartition<std::int8_t, int_tag>(), block.values[quad][row]);
}
/// The same.
HWY_INLINE auto signed_quad(iq4_nl_block const& block, int quad, int row) {
  constexpr int lines = block_columns / 2 / quad_columns;
  hn::Repartition<std::uint8_t, int_tag> const du;
  hn::Repartition<std::int8_t, int_tag> const di;
  auto const both = hn::LoadU(du, block.values[quad % lines][row]);
  auto const half = quad < lines ? both : hn::BitCast(du, hn::ShiftRight<4>(hn::BitCast(int_tag(), both)));
  return hn::TableLookupBytes(hn::LoadDup128(di, iq4_nl_levels), hn::BitCast(di, hn::And(half, hn::Set(du, 15))));
}

/// Calls multiply(quad) for the quads of a block; quads that share bytes follow on each other.
template <class Block, class Multiply>
HWY_INLINE void for_each_quad(Multiply const& multiply) {
  constexpr int lines = sizeof(Block::values) / (panel_rows * quad_columns);
  HWY_UNROLL(8)
  for (int line = 0; line < lines; ++line) {
    HWY_UNROLL(2)
    for (int quad = line; quad < block_columns / quad_columns; quad += lines) multiply(quad);
  }
}

/// Exact sums of a block: x (Rows, 32) · one block of each panel, `stride` blocks from one panel to the next. Of q8_0
/// and iq4_nl.
template <class Block, int Rows, int Vecs>
HWY_INLINE void multiply_block(input_block<Block, integer_dots::pairs> const* const (&x)[Rows], Block const* block,
                               std::size_t stride, int_vec (&sums)[Rows][Vecs]) {
  hn::Repartition<std::int16_t, int_tag> const d;
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < Vecs; ++v) sums[r][v] = hn::Zero(int_tag());
  }
  for_each_quad<Block>([&](int quad) HWY_ATTR {
    hn::Vec<decltype(d)> weights[Vecs][2];  // columns 0 and 1 of the quad, 2 and 3
    HWY_UNROLL(16)
    for (int v = 0; v < Vecs; ++v) {
      auto const bytes = hn::BitCast(
          d, signed_quad(block[static_cast<std::size_t>(v / panel_vecs) * stride], quad, v % panel_vecs * lanes));
      weights[v][0] = hn::ShiftRight<8>(hn::ShiftLeft<8>(bytes));
      weights[v][1] = hn::ShiftRight<8>(bytes);
    }
    HWY_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      HWY_UNROLL(2)
      for (int pair = 0; pair < 2; ++pair) {
        auto const input = everywhere(d, x[r]->values + quad * quad_columns + pair * 2);
        HWY_UNROLL(16)
        for (int v = 0; v < Vecs; ++v) sums[r][v] = add_pairs(input, weights[v][pair], sums[r][v]);
      }
    }
  });
}

/// The same of q4_0, half as many instructions. 16 bits hold the sum of the eight products of pairs of a block:
/// 8·2·15·127 = 30480.
template <int Rows, int Vecs>
HWY_INLINE void multiply_block(input_block<q4_0_block, integer_dots::pairs> const* const (&x)[Rows],
                               q4_0_block const* block, std::size_t stride, int_vec (&sums)[Rows][Vecs]) {
  hn::Repartition<std::int16_t, int_tag> const d;
  hn::Repartition<std::uint8_t, int_tag> const du;
  hn::Repartition<std::int8_t, int_tag> const di;
  hn::Vec<decltype(d)> pairs[Rows][Vecs];
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < Vecs; ++v) pairs[r][v] = hn::Zero(d);
  }
  auto const low = hn::Set(du, 15);
  constexpr int quads = block_columns / 2 / quad_columns;
  auto const add_quad = [&](int quad) HWY_ATTR {
    hn::Vec<decltype(du)> weights[Vecs][2];  // columns below 16, and from 16 on
    HWY_UNROLL(16)
    for (int v = 0; v < Vecs; ++v) {
      auto const& from = block[static_cast<std::size_t>(v / panel_vecs) * stride].values[quad][v % panel_vecs * lanes];
      auto const both = hn::LoadU(du, from);
      weights[v][0] = hn::And(both, low);
      weights[v][1] = hn::And(hn::BitCast(du, hn::ShiftRight<4>(hn::BitCast(d, both))), low);
    }
    HWY_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      HWY_UNROLL(2)
      for (int half = 0; half < 2; ++half) {
        auto const input = everywhere(di, x[r]->values + quad * quad_columns + half * 16);
        HWY_UNROLL(16)
        for (int v = 0; v < Vecs; ++v)
          pairs[r][v] = hn::Add(pairs[r][v], hn::SatWidenMulPairwiseAdd(d, weights[v][half], input));
      }
    }
  };
  if constexpr (Rows == 1 && Vecs <= 2) {
    HWY_UNROLL(4)
    for (int quad = 0; quad < quads; ++quad) add_quad(quad);
  } else {
#pragma GCC unroll 1  // unrolled, g++ adds up in another order and needs more registers than there are
    for (int quad = 0; quad < quads; ++quad) add_quad(quad);
  }
  auto const one = hn::Set(d, 1);
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    auto const excess = hn::Set(int_tag(), -x[r]->excess);
    HWY_UNROLL(16)
    for (int v = 0; v < Vecs; ++v) sums[r][v] = add_pairs(pairs[r][v], one, excess);
  }
}

/// sums = −excess: what products with unsigned weights begin with.
template <class Block, int Rows, int Vecs>
HWY_INLINE void take_off_excess(input_block<Block, integer_dots::quads> const* const (&x)[Rows],
                                int_vec (&sums)[Rows][Vecs]) {
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < Vecs; ++v) sums[r][v] = hn::Set(int_tag(), -x[r]->excess);
  }
}

/// The sums of a block by quads, of q8_0 and iq4_nl.
template <class Block, int Rows, int Vecs>
HWY_INLINE void multiply_block(input_block<Block, integer_dots::quads> const* const (&x)[Rows], Block const* block,
                               std::size_t stride, int_vec (&sums)[Rows][Vecs]) {
  hn::Repartition<std::uint8_t, int_tag> const du;
  hn::Repartition<std::int8_t, int_tag> const di;
  auto const sign = hn::Set(du, 0x80);
  take_off_excess(x, sums);
  for_each_quad<Block>([&](int quad) HWY_ATTR {
    HWY_UNROLL(16)
    for (int v = 0; v < Vecs; ++v) {
      auto const bytes =
          signed_quad(block[static_cast<std::size_t>(v / panel_vecs) * stride], quad, v % panel_vecs * lanes);
      auto const weights = hn::Xor(hn::BitCast(du, bytes), sign);
      HWY_UNROLL(16)
      for (int r = 0; r < Rows; ++r)
        sums[r][v] = hn::SumOfMulQuadAccumulate(int_tag(), weights, everywhere(di, x[r]->values + quad * quad_columns),
                                                sums[r][v]);
    }
  });
}

/// The same of q4_0.
template <int Rows, int Vecs>
HWY_INLINE void multiply_block(input_block<q4_0_block, integer_dots::quads> const* const (&x)[Rows],
                               q4_0_block const* block, std::size_t stride, int_vec (&sums)[Rows][Vecs]) {
  hn::Repartition<std::int16_t, int_tag> const d;
  hn::Repartition<std::uint8_t, int_tag> const du;
  hn::Repartition<std::int8_t, int_tag> const di;
  auto const low = hn::Set(du, 15);
  take_off_excess(x, sums);
  HWY_UNROLL(4)
  for (int quad = 0; quad < block_columns / 2 / quad_columns; ++quad) {
    HWY_UNROLL(16)
    for (int v = 0; v < Vecs; ++v) {
      auto const& from = block[static_cast<std::size_t>(v / panel_vecs) * stride].values[quad][v % panel_vecs * lanes];
      auto const both = hn::LoadU(du, from);
      auto const below_16 = hn::And(both, low);
      auto const from_16 = hn::And(hn::BitCast(du, hn::ShiftRight<4>(hn::BitCast(d, both))), low);
      HWY_UNROLL(16)
      for (int r = 0; r < Rows; ++r) {
        auto const* const input = x[r]->values + quad * quad_columns;
        sums[r][v] = hn::SumOfMulQuadAccumulate(int_tag(), below_16, everywhere(di, input), sums[r][v]);
        sums[r][v] = hn::SumOfMulQuadAccumulate(int_tag(), from_16, everywhere(di, input + 16), sums[r][v]);
      }
    }
  }
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

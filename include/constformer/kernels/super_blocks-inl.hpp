// What super-blocks (checkpoint/super_blocks.hpp) hold, as vectors: integers by quads of columns, scales and offsets by
// pieces of 32 columns or their halves.
#if defined(CONSTFORMER_KERNELS_SUPER_BLOCKS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_SUPER_BLOCKS_INL_HPP
#undef CONSTFORMER_KERNELS_SUPER_BLOCKS_INL_HPP
#else
#define CONSTFORMER_KERNELS_SUPER_BLOCKS_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <utility>

#include "hwy/highway.h"

#include "constformer/checkpoint/super_blocks.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR
/// Bytes beside the integers of a vector.
using byte_tag = hn::Repartition<std::uint8_t, int_tag>;
/// A vector of them.
using byte_vec = hn::Vec<byte_tag>;
#endif

namespace super {

template <class Array>
HWY_INLINE int_vec load_words(Array const& quads, int row) {
  return hn::LoadU(int_tag(), reinterpret_cast<std::int32_t const*>(quads[row]));
}

HWY_INLINE int_vec masked(int_vec v, std::uint32_t mask) {
  return hn::And(v, hn::Set(int_tag(), static_cast<std::int32_t>(mask)));
}

// Four bits of the columns of a quad.
template <int Quad, class Block>
HWY_INLINE int_vec low_bits(Block const& b, int piece, int row) {
  constexpr int lines = block_columns / 2 / quad_columns;
  auto const both = load_words(b.values[piece][Quad % lines], row);
  return masked(Quad < lines ? both : hn::ShiftRight<4>(both), 0x0F0F0F0FU);
}

// v << 4 >> Bits.
template <int Bits>
HWY_INLINE int_vec lowered(int_vec v) {
  if constexpr (Bits < 4)
    return hn::ShiftLeft<4 - Bits>(v);
  else
    return hn::ShiftRight<Bits - 4>(v);
}

}  // namespace super

/// Bytes of quad `Quad` of a piece of `lanes` rows from `row` on: unsigned, `middle` too large.
template <int Quad>
HWY_INLINE int_vec super_quad(q4_k_block const& b, int piece, int row) {
  return super::low_bits<Quad>(b, piece, row);
}
/// The same.
template <int Quad>
HWY_INLINE int_vec super_quad(q5_k_block const& b, int piece, int row) {
  auto const fifth = super::masked(super::lowered<Quad>(super::load_words(b.high[piece], row)), 0x10101010U);
  return hn::Or(super::low_bits<Quad>(b, piece, row), fifth);
}
/// The same.
template <int Quad>
HWY_INLINE int_vec super_quad(q6_k_block const& b, int piece, int row) {
  constexpr int half = block_columns / 2 / quad_columns;
  auto const words = super::load_words(b.high[piece][Quad / half], row);
  auto const upper = super::masked(super::lowered<2 * (Quad % half)>(words), 0x30303030U);
  return hn::Or(super::low_bits<Quad>(b, piece, row), upper);
}
/// Signed bytes.
template <int Quad>
HWY_INLINE int_vec super_quad(q8_f_block const& b, int, int row) {
  return super::load_words(b.values[Quad], row);
}

/// Scales and offsets of one block: `part` of `piece`, of `lanes` rows from `row` on.
template <class Block>
class super_scales;

namespace super {

HWY_INLINE float_vec halves_at(std::uint16_t const* at) {
  hn::Rebind<hwy::float16_t, float_tag> const dh;
  return hn::PromoteTo(float_tag(), hn::LoadU(dh, reinterpret_cast<hwy::float16_t const*>(at)));
}

template <class Byte>
HWY_INLINE float_vec bytes_at(Byte const* at) {
  return hn::ConvertTo(float_tag(), hn::PromoteTo(int_tag(), hn::LoadU(hn::Rebind<Byte, float_tag>(), at)));
}

/// Six bits each: unpacked once a block.
template <class Block>
class k_scales {
 public:
  static constexpr bool has_leasts = true;  ///< there are offsets
  /// Views the block, and unpacks.
  explicit HWY_INLINE k_scales(Block const& b) : block_(b) { unpack(b); }
  /// Of the integers.
  HWY_INLINE float_vec scale(int piece, int, int row) const {
    return hn::Mul(halves_at(block_.scales + row), bytes_at(scales_[piece] + row));
  }
  /// What is taken off.
  HWY_INLINE float_vec least(int piece, int, int row) const {
    return hn::Mul(halves_at(block_.leasts + row), bytes_at(leasts_[piece] + row));
  }

 private:
#if HWY_TARGET == HWY_SCALAR
  void unpack(Block const& b) {
    for (int row = 0; row < panel_rows; ++row) {
      auto const packed = detail::k_scales_of(b, row);
      for (int piece = 0; piece < super_pieces; ++piece) {
        scales_[piece][row] = static_cast<std::uint8_t>(k_scale(packed, piece));
        leasts_[piece][row] = static_cast<std::uint8_t>(k_least(packed, piece));
      }
    }
  }
#else
  // Four pieces of all rows in as few vectors as they fill.
  HWY_INLINE void unpack(Block const& b) {
    byte_tag const d;
    constexpr std::size_t step = hn::MaxLanes(d), four = std::size_t{4} * panel_rows;
    auto const low = hn::Set(d, 15), six = hn::Set(d, 63);
    auto const* const packed = &b.packed[0][0];
    HWY_UNROLL(4)
    for (std::size_t at = 0; at < four; at += step) {
      auto const scales = hn::LoadU(d, packed + at);
      auto const leasts = hn::LoadU(d, packed + four + at);
      auto const rest = hn::LoadU(d, packed + 2 * four + at);
      hn::StoreU(hn::And(scales, six), d, &scales_[0][0] + at);
      hn::StoreU(hn::And(leasts, six), d, &leasts_[0][0] + at);
      hn::StoreU(hn::Or(hn::And(rest, low), upper(scales)), d, &scales_[4][0] + at);
      hn::StoreU(hn::Or(hn::And(high_half(rest), low), upper(leasts)), d, &leasts_[4][0] + at);
    }
  }
  static HWY_INLINE byte_vec high_half(byte_vec v) {
    return hn::BitCast(byte_tag(), hn::ShiftRight<4>(hn::BitCast(int_tag(), v)));
  }
  // The two highest bits of a byte, as bits 4 and 5.
  static HWY_INLINE byte_vec upper(byte_vec v) {
    auto const shifted = hn::BitCast(byte_tag(), hn::ShiftRight<2>(hn::BitCast(int_tag(), v)));
    return hn::And(shifted, hn::Set(byte_tag(), 0x30));
  }
#endif
  Block const& block_;
  std::uint8_t scales_[super_pieces][panel_rows];
  std::uint8_t leasts_[super_pieces][panel_rows];
};

}  // namespace super

/// Of q4_k.
template <>
class super_scales<q4_k_block> : public super::k_scales<q4_k_block> {
  using super::k_scales<q4_k_block>::k_scales;
};
/// Of q5_k.
template <>
class super_scales<q5_k_block> : public super::k_scales<q5_k_block> {
  using super::k_scales<q5_k_block>::k_scales;
};
/// Of q6_k.
template <>
class super_scales<q6_k_block> {
 public:
  static constexpr bool has_leasts = false;  ///< there are no offsets
  /// Views the block.
  explicit HWY_INLINE super_scales(q6_k_block const& b) : block_(b) {}
  /// Of the integers.
  HWY_INLINE float_vec scale(int piece, int part, int row) const {
    return hn::Mul(super::halves_at(block_.scales + row), super::bytes_at(block_.packed[piece][part] + row));
  }

 private:
  q6_k_block const& block_;
};
/// Of q8_f.
template <>
class super_scales<q8_f_block> {
 public:
  static constexpr bool has_leasts = true;  ///< there are offsets
  /// Views the block.
  explicit HWY_INLINE super_scales(q8_f_block const& b) : block_(b) {}
  /// Of the integers.
  HWY_INLINE float_vec scale(int, int part, int row) const { return hn::LoadU(float_tag(), block_.scales[part] + row); }
  /// What is taken off.
  HWY_INLINE float_vec least(int, int part, int row) const { return hn::LoadU(float_tag(), block_.leasts[part] + row); }

 private:
  q8_f_block const& block_;
};

/// Calls `visit.operator()<Quad>()` for the quads of part `Part` of a piece.
template <class Block, int Part, class Visit>
HWY_INLINE void for_each_super_quad(Visit const& visit) {
  constexpr int quads = block_columns / quad_columns / Block::parts;
  [&]<std::size_t... I>(std::index_sequence<I...>) HWY_ATTR __attribute__((always_inline)) {
    (visit.template operator()<Part * quads + static_cast<int>(I)>(), ...);
  }(std::make_index_sequence<quads>());
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

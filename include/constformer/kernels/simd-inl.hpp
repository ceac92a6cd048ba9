// Vectors of up to 16 floats, so that whole vectors make a panel on every target.
#if defined(CONSTFORMER_KERNELS_SIMD_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_SIMD_INL_HPP
#undef CONSTFORMER_KERNELS_SIMD_INL_HPP
#else
#define CONSTFORMER_KERNELS_SIMD_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
/// Everything that is compiled for one instruction set: kernels and the layers over them. The name differs from target
/// to target, so that units of several targets link into one program.
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Highway's tag of a vector of floats, at most a panel wide.
using float_tag = hn::CappedTag<float, panel_rows>;
/// A vector of `lanes` floats.
using float_vec = hn::Vec<float_tag>;

/// 32-bit integers beside the floats of a `float_vec`.
using int_tag = hn::RebindToSigned<float_tag>;
/// A vector of `lanes` of them.
using int_vec = hn::Vec<int_tag>;

/// Floats of a vector: 4, 8 or 16, or 1 where there are no vectors (HWY_SCALAR).
inline constexpr int lanes = static_cast<int>(hn::MaxLanes(float_tag()));
/// Vectors that one input column of a panel fills.
inline constexpr int panel_vecs = panel_rows / lanes;
static_assert(!HWY_HAVE_SCALABLE, "kernels need vectors of a size known at compile time");

/// Vector registers: what the largest tile of accumulators must leave room in.
inline constexpr int registers = (HWY_ARCH_ARM_A64 || HWY_TARGET <= HWY_AVX3) ? 32 : 16;

/// The 32 bits at `at` in every lane.
template <class Tag>
HWY_INLINE hn::Vec<Tag> everywhere(Tag d, void const* at) {
  std::int32_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return hn::BitCast(d, hn::Set(int_tag(), bits));
}

/// An extent known at compile time; where it is not worth a function of its own, `int` takes its place.
template <int N>
struct fixed {
  constexpr fixed() = default;
  /// Of the same number.
  explicit constexpr fixed(int) {}
  /// Reads as the number it is.
  constexpr operator int() const { return N; }
};

/// N of `fixed<N>`, 0 of what is not known at compile time.
template <class Extent>
inline constexpr int known_value = 0;
/// N.
template <int N>
inline constexpr int known_value<fixed<N>> = N;

/// Products of depths up to this many columns get code of their own: a single row gains 4 to 18 % on AVX2, above
/// nothing (docs/benchmarks.md, Kernels by shape).
inline constexpr int largest_fixed_depth = 1024;

/// `fixed<N>` if depths of N columns get code of their own, else int.
template <int N>
using extent = hwy::If<(N <= largest_fixed_depth), fixed<N>, int>;

/// N as the `extent` that kernels take.
template <int N>
HWY_INLINE extent<N> extent_of() {
  if constexpr (N <= largest_fixed_depth) {
    return {};
  } else {
    return N;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

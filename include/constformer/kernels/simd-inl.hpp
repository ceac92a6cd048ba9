// Vectors of up to 16 floats, so that whole vectors make a panel on every target.
#if defined(CONSTFORMER_KERNELS_SIMD_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_SIMD_INL_HPP
#undef CONSTFORMER_KERNELS_SIMD_INL_HPP
#else
#define CONSTFORMER_KERNELS_SIMD_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using float_tag = hn::CappedTag<float, panel_rows>;
using float_vec = hn::Vec<float_tag>;

inline constexpr int lanes = static_cast<int>(hn::MaxLanes(float_tag()));
inline constexpr int panel_vecs = panel_rows / lanes;
static_assert(!HWY_HAVE_SCALABLE, "kernels need vectors of a size known at compile time");

/// Vector registers: what the largest tile of accumulators must leave room in.
inline constexpr int registers = (HWY_ARCH_ARM_A64 || HWY_TARGET <= HWY_AVX3) ? 32 : 16;

/// An extent known at compile time; where it is not worth a function of its own, `int` takes its place.
template <int N>
struct fixed {
  /// Reads as the number it is.
  constexpr operator int() const { return N; }
};

/// Loads of depths up to this many columns get code of their own: at 64 columns 2.6 times as fast, at 768 1.2 times, above nothing.
inline constexpr int largest_fixed_depth = 1024;

template <int N>
using extent = hwy::If<(N <= largest_fixed_depth), fixed<N>, int>;

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

// Accumulators of products.
#if defined(CONSTFORMER_KERNELS_TILE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_TILE_INL_HPP
#undef CONSTFORMER_KERNELS_TILE_INL_HPP
#else
#define CONSTFORMER_KERNELS_TILE_INL_HPP
#endif

#include <cstdint>

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// What is fetched into L2 while panels are multiplied: nothing, the next bundle, each of whose quarters by one panel
/// of this one, or the lines that come next.
enum class fetched : std::uint8_t { nothing, bundle, lines };

/// Accumulators of a tile of Rows × Panels·16 outputs; meant to live in registers.
template <int Rows, int Panels>
struct tile {
  static constexpr int vecs = Panels * panel_vecs;  ///< vectors of a row
  float_vec sums[Rows][vecs];                       ///< (Rows, Panels·16)
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

/// Sums += other sums.
template <int Rows, int Panels>
HWY_INLINE void add(tile<Rows, Panels>& t, tile<Rows, Panels> const& other) {
  HWY_UNROLL(16)
  for (int r = 0; r < Rows; ++r) {
    HWY_UNROLL(16)
    for (int v = 0; v < tile<Rows, Panels>::vecs; ++v) t.sums[r][v] = hn::Add(t.sums[r][v], other.sums[r][v]);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

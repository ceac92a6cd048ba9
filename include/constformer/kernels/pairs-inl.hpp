// Products of bf16: inputs rounded to bf16, two columns in an instruction where the processor has it (VDPBF16PS).
#if defined(CONSTFORMER_KERNELS_PAIRS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_PAIRS_INL_HPP
#undef CONSTFORMER_KERNELS_PAIRS_INL_HPP
#else
#define CONSTFORMER_KERNELS_PAIRS_INL_HPP
#endif

#include <cstddef>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// What inputs rounded to bf16 are kept in: as they are where pairs are multiplied as they are, else as the floats of
/// the same value, which meet widened weights.
using bf16_input = hwy::If<HWY_NATIVE_DOT_BF16 != 0, hwy::bfloat16_t, float>;

/// out (depth) of `bf16_input` or of float = x (depth) rounded to the nearest bf16, ties to even. A vector at the end
/// is rounded whole: both rows are padded to whole panels.
template <class Input>
HWY_NOINLINE void round_to_bf16(float const* HWY_RESTRICT x, int depth, Input* HWY_RESTRICT out) {
  float_tag const d;
  hn::Rebind<hwy::bfloat16_t, float_tag> const d16;
  for (int k = 0; k < depth; k += lanes) {
    auto const rounded = hn::DemoteTo(d16, hn::LoadU(d, x + k));
    if constexpr (std::is_same_v<Input, float>)
      hn::StoreU(hn::PromoteTo(d, rounded), d, out + k);
    else
      hn::StoreU(rounded, d16, out + k);
  }
}

#if HWY_NATIVE_DOT_BF16
/// sums (Rows, Panels·16) += Σₖ x[row][k] · w[k], two columns at a time: their products are added to each other first,
/// without rounding them. Denormals count as 0. An odd depth reads one input more, which meets a weight of 0. `w` is as
/// for inputs of floats.
template <class Weight, int Rows, int Panels, class Place, class Depth>
HWY_INLINE void accumulate(tile<Rows, Panels>& t, hwy::bfloat16_t const* const (&x)[Rows], Place w, Depth depth) {
  constexpr int vecs = tile<Rows, Panels>::vecs;
  hn::Repartition<hwy::bfloat16_t, float_tag> const d;
  auto unused = hn::Zero(float_tag());
  for (int k = 0; k < depth; k += 2, w.advance(2)) {
    if constexpr (requires { w.fetch(); }) w.fetch();
    hn::Vec<decltype(d)> weight[vecs];
    HWY_UNROLL(16)
    for (int v = 0; v < vecs; ++v) weight[v] = hn::LoadU(d, w.at(v / panel_vecs) + v % panel_vecs * lanes * 2);
    HWY_UNROLL(16)
    for (int r = 0; r < Rows; ++r) {
      auto const input = everywhere(d, x[r] + k);
      HWY_UNROLL(16)
      for (int v = 0; v < vecs; ++v)
        t.sums[r][v] = hn::ReorderWidenMulAccumulate(float_tag(), input, weight[v], t.sums[r][v], unused);
    }
  }
}
#endif

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

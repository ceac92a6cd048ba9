// Two heads of a short text in the halves of one vector of 16: a text of up to eight keys would leave half of it empty.
#if defined(CONSTFORMER_KERNELS_HEAD_PAIRS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_HEAD_PAIRS_INL_HPP
#undef CONSTFORMER_KERNELS_HEAD_PAIRS_INL_HPP
#else
#define CONSTFORMER_KERNELS_HEAD_PAIRS_INL_HPP
#endif

#include <limits>

#include "hwy/highway.h"

#include "constformer/kernels/masks.hpp"
#include "constformer/kernels/math-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"

#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86  // vectors of 16 floats
HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Keys of a half, and at most the dims of its result.
inline constexpr int half_lanes = lanes / 2;

/// Two neighbouring heads: their queries and results lie side by side, their keys and values do not have to.
struct head_pair {
  float const* query;      ///< (2, head_dim)
  float const* keys[2];    ///< (head_dim, 16)
  float const* values[2];  ///< (keys, `Width`)
  float* out;              ///< (2, head_dim)
};

/// Eight floats at `low` and eight at `high`.
HWY_INLINE float_vec load_halves(float const* low, float const* high) {
  hn::Half<float_tag> const half;
  return hn::Combine(float_tag(), hn::LoadU(half, high), hn::LoadU(half, low));
}

/// The largest of each half, in all of its lanes.
HWY_INLINE float_vec largest_of_halves(float_vec v) {
  float_tag const d;
  v = hn::Max(v, hn::SwapAdjacentBlocks(v));
  v = hn::Max(v, hn::Reverse4(d, v));
  return hn::Max(v, hn::Reverse2(d, v));
}

/// The sum of each half, added up in the order in which `ReduceSum` adds up a vector whose upper half is 0.
HWY_INLINE float_vec sum_of_halves(float_vec v) {
  float_tag const d;
  v = hn::Add(v, hn::SwapAdjacentBlocks(v));
  v = hn::Add(v, hn::Reverse4(d, v));
  return hn::Add(v, hn::Reverse2(d, v));
}

/// softmax(scale·query·keys)·values of two heads over the first `keys` keys, of which a query sees `seen`, counted from
/// the first. The operations of each are those of a head alone, in the same order.
template <int HeadDim, int Width>
HWY_INLINE void attend_halves(head_pair const& h, float scale, int keys, key_range seen) {
  float_tag const d;
  hn::RebindToSigned<float_tag> const di;
  auto const lane = hn::Iota(di, 0);
  auto const upper = hn::And(lane, hn::Set(di, half_lanes));  // 8 in the high half
  auto const head = hn::ShiftRight<3>(upper);                 // 1 in the high half
  auto const first_dim = hn::Mul(head, hn::Set(di, HeadDim));
  auto const query = hn::Mul(hn::LoadN(d, h.query, 2 * HeadDim), hn::Set(d, scale));
  auto scores = hn::Zero(d);
  HWY_UNROLL(8)
  for (int j = 0; j < HeadDim; ++j) {
    auto const input = hn::TableLookupLanes(query, hn::IndicesFromVec(d, hn::Add(first_dim, hn::Set(di, j))));
    scores = hn::MulAdd(input, load_halves(h.keys[0] + j * panel_rows, h.keys[1] + j * panel_rows), scores);
  }
  auto const key = hn::Sub(lane, upper);
  auto const inside = hn::And(hn::Ge(key, hn::Set(di, seen.begin)), hn::Lt(key, hn::Set(di, seen.end)));
  scores = hn::IfThenElse(hn::RebindMask(d, inside), scores, hn::Set(d, -std::numeric_limits<float>::infinity()));
  auto const peak = hn::Max(largest_of_halves(scores), hn::Set(d, std::numeric_limits<float>::lowest()));
  auto const weights = exp<true>(d, hn::Sub(scores, peak));
  auto const total = sum_of_halves(weights);
  auto sums = hn::Zero(d);
  auto which = upper;  // the lane of a key in its half
  float const* low = h.values[0];
  float const* high = h.values[1];
  for (int k = 0; k < keys; ++k, low += Width, high += Width, which = hn::Add(which, hn::Set(di, 1)))
    sums = hn::MulAdd(hn::TableLookupLanes(weights, hn::IndicesFromVec(d, which)), load_halves(low, high), sums);
  auto const inverse = hn::IfThenElseZero(hn::Gt(total, hn::Zero(d)), hn::Div(hn::Set(d, 1.0F), total));
  auto const result = hn::Mul(sums, inverse);
  // Dims of the high half follow those of the low one: lane i takes what is at i, or at 8 + i − HeadDim.
  auto const beyond = hn::RebindMask(di, hn::Ge(lane, hn::Set(di, HeadDim)));
  auto const from = hn::Add(lane, hn::IfThenElseZero(beyond, hn::Set(di, half_lanes - HeadDim)));
  auto const dims = hn::TableLookupLanes(result, hn::IndicesFromVec(d, hn::And(from, hn::Set(di, lanes - 1))));
  // Whole vectors are forwarded to the loads of the next product, parts are not.
  if constexpr (2 * HeadDim == half_lanes)
    hn::StoreU(hn::LowerHalf(dims), hn::Half<float_tag>(), h.out);
  else
    hn::StoreN(dims, d, h.out, 2 * HeadDim);
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();
#endif

#endif

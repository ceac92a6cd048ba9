// Keys and values on their way into a cache: as they are, rounded to bf16, or to 8 bits below a scale.
#if defined(CONSTFORMER_KERNELS_KEEP_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_KEEP_INL_HPP
#undef CONSTFORMER_KERNELS_KEEP_INL_HPP
#else
#define CONSTFORMER_KERNELS_KEEP_INL_HPP
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/kv_block.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// x (HeadDim) = scale·rounded, the scale being the largest absolute value / 127, which is returned.
template <int HeadDim>
HWY_INLINE float round_head(float const* HWY_RESTRICT x, std::int8_t (&rounded)[padded(HeadDim)]) {
  float_tag const d;
  hn::Rebind<std::int8_t, float_tag> const d8;
  auto const load = [&](int j) HWY_ATTR {  // a head ends where the next one begins
    return j + lanes <= HeadDim ? hn::LoadU(d, x + j) : hn::LoadN(d, x + j, static_cast<std::size_t>(HeadDim - j));
  };
  int_tag const di;  // as integers a NaN is above all, so that it stays one
  auto largest = hn::Zero(di);
  for (int j = 0; j < HeadDim; j += lanes) largest = hn::Max(largest, hn::BitCast(di, hn::Abs(load(j))));
  float const top = hn::GetLane(hn::BitCast(d, hn::MaxOfLanes(di, largest)));
  auto const inverse = hn::Set(d, top > 0.0F ? 127.0F / top : 0.0F);
  for (int j = 0; j < HeadDim; j += lanes)
    hn::StoreU(hn::DemoteTo(d8, hn::NearestInt(hn::Mul(load(j), inverse))), d8, rounded + j);
  return top / 127.0F;
}

/// x (HeadDim) into its places in a piece of the cache; `place(dim)` tells them, `lane` is the position within the
/// piece. bf16 is rounded to nearest even.
template <dtype Type, int HeadDim, class Place>
HWY_INLINE void keep_head(float const* x, kept<Type>* piece, std::size_t lane, Place const& place) {
  if constexpr (Type == dtype::i8) {
    std::int8_t rounded[padded(HeadDim)];
    reinterpret_cast<float*>(piece)[lane] = round_head<HeadDim>(x, rounded);
    for (std::size_t j = 0; j < HeadDim; ++j) piece[place(j)] = rounded[j];
  } else {
    for (std::size_t j = 0; j < HeadDim; ++j) piece[place(j)] = hwy::ConvertScalarTo<kept<Type>>(x[j]);
  }
}

/// A key (HeadDim) into a piece of keys.
template <dtype Type, int HeadDim>
HWY_INLINE void keep_key(float const* key, kept<Type>* piece, std::size_t lane) {
  keep_head<Type, HeadDim>(key, piece, lane, [lane](std::size_t dim) { return key_place(Type, dim, lane); });
}

/// A value (HeadDim) into a piece of values.
template <dtype Type, int HeadDim>
HWY_INLINE void keep_value(float const* value, kept<Type>* piece, std::size_t lane) {
  keep_head<Type, HeadDim>(value, piece, lane,
                           [lane](std::size_t dim) { return value_place(Type, HeadDim, dim, lane); });
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

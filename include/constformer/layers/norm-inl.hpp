// Norms over the rows of a stage.
#if defined(CONSTFORMER_LAYERS_NORM_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_NORM_INL_HPP
#undef CONSTFORMER_LAYERS_NORM_INL_HPP
#else
#define CONSTFORMER_LAYERS_NORM_INL_HPP
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/kernels/norm-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The floats at a byte offset of a section of weights.
HWY_INLINE float const* floats_at(std::byte const* weights, std::int64_t offset) {
  return reinterpret_cast<float const*>(weights + offset);
}

/// Weight and bias of a norm; `bias` is null if the config has none.
struct norm_weights {
  float const* weight;  ///< (d_model, padded); not looked at if the config has none
  float const* bias;    ///< (d_model, padded), or null
};

/// The norm whose weight and bias lie at these byte offsets.
template <config const& Config>
HWY_INLINE norm_weights norm_weights_at(std::byte const* weights, std::int64_t weight, std::int64_t bias) {
  return {floats_at(weights, weight), Config.norm_bias ? floats_at(weights, bias) : nullptr};
}

/// out = norm(x), one row of d_model values.
template <config const& Config>
HWY_NOINLINE void normalize_row(float const* x, norm_weights const& w, float* out) {
  normalize<Config.norm, Config.norm_weight>(x, w.weight, w.bias, out, Config.d_model, Config.norm_eps);
}

/// norm(x) as input of a matrix. A single row is normed by every worker for itself; more rows are shared out and met at
/// a barrier.
template <config const& Config>
HWY_INLINE matrix_rows normed_rows(worker const& self, stage const& s, norm_weights const& w) {
  constexpr std::size_t width = padded(Config.d_model);
  if (s.rows == 1) {
    float* const own = s.own_normed + static_cast<std::size_t>(self.index) * width;
    normalize_row<Config>(s.x, w, own);
    return {own, width};
  }
  work_range const mine = self.share(s.rows);
  for (int row = mine.begin; row < mine.end; ++row) {
    std::size_t const at = static_cast<std::size_t>(row) * width;
    normalize_row<Config>(s.x + at, w, s.normed + at);
  }
  self.sync();
  return {s.normed, width};
}

/// x = norm(x), rows shared out, with a barrier after.
template <config const& Config>
HWY_INLINE void normalize_stream(worker const& self, stage const& s, norm_weights const& w) {
  work_range const mine = self.share(s.rows);
  for (int row = mine.begin; row < mine.end; ++row) {
    float* const x = s.x + static_cast<std::size_t>(row) * padded(Config.d_model);
    normalize_row<Config>(x, w, x);
  }
  self.sync();
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

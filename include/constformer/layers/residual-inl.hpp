// What becomes of the output of each half of a block: it is added to the stream, normed first where the config says so.
#if defined(CONSTFORMER_LAYERS_RESIDUAL_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_RESIDUAL_INL_HPP
#undef CONSTFORMER_LAYERS_RESIDUAL_INL_HPP
#else
#define CONSTFORMER_LAYERS_RESIDUAL_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "constformer/layers/norm-inl.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Where the last matrix of a half puts its sums: into the stream, or, to be normed first, into `normed`, whose rows
/// have been read.
template <config const& Config, bool Bias>
HWY_INLINE auto to_residual(stage const& s, float const* bias) {
  constexpr std::size_t stride = padded(Config.d_model);
  if constexpr (Config.place == norm_place::sandwich) {
    return store_sums<Bias>{{s.normed, stride}, bias};
  } else if constexpr (Config.place == norm_place::deep) {
    return blend_sums<Bias>{{s.x, stride}, bias, Config.residual_scale};
  } else {
    return add_sums<Bias>{{s.x, stride}, bias};
  }
}

/// x += norm(normed), rows shared out, with a barrier before and after.
template <config const& Config>
HWY_INLINE void add_normed(worker const& self, stage const& s, norm_weights const& w) {
  constexpr std::size_t width = padded(Config.d_model);
  self.sync();
  work_range const mine = self.share(s.rows);
  for (int row = mine.begin; row < mine.end; ++row) {
    float* HWY_RESTRICT x = s.x + static_cast<std::size_t>(row) * width;
    float* HWY_RESTRICT y = s.normed + static_cast<std::size_t>(row) * width;
    normalize_row<Config>(y, w, y);
    for (std::size_t k = 0; k < width; ++k) x[k] += y[k];
  }
  self.sync();
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

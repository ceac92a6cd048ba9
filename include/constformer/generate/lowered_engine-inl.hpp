// What a unit exports whose model is lowered from its traced graph.
#if defined(CONSTFORMER_GENERATE_LOWERED_ENGINE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_GENERATE_LOWERED_ENGINE_INL_HPP
#undef CONSTFORMER_GENERATE_LOWERED_ENGINE_INL_HPP
#else
#define CONSTFORMER_GENERATE_LOWERED_ENGINE_INL_HPP
#endif

#include <string_view>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/generate/engine-inl.hpp"
#include "constformer/generate/lowered_pass-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// What a model unit exports for `Config`, as `make_unit` does, but lowered.
template <config const& Config>
model_unit make_lowered_unit(std::string_view name) {
  return make_unit<Config, lowered_pass<runnable<Config>()>>(name);
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

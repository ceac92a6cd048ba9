#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// nanochat of depth 12 since March 2026: d_model is 64 per layer, heads of 128, three short windows and a long one.
inline constexpr config nanochat_d12 = nanochat_of(
    {.layers = 12, .d_model = 768, .heads = 6, .vocab = 32768, .positions = 2048}, nanochat_era::smeared, "SSSL");

}  // namespace constformer::configs

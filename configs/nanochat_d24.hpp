#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// nanochat of depth 24 since March 2026: d_model is 64 per layer, heads of 128, three short windows and a long one.
inline constexpr config nanochat_d24 = nanochat_of(
    {.layers = 24, .d_model = 1536, .heads = 12, .vocab = 32768, .positions = 2048}, nanochat_era::smeared, "SSSL");

}  // namespace constformer::configs

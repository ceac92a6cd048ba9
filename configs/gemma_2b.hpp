#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Gemma 2B (arXiv:2403.08295; google/gemma-2b): 2,506,172,416 parameters, tied; one key head.
inline constexpr config gemma_2b = gemma(
    {.layers = 18, .d_model = 2048, .heads = 8, .kv_heads = 1, .d_ff = 16384, .vocab = 256000, .positions = 8192});

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// SmolLM 360M (HuggingFaceTB/SmolLM-360M): 361,821,120 parameters, tied.
inline constexpr config smollm_360m = with(
    llama({.layers = 32, .d_model = 960, .heads = 15, .kv_heads = 5, .d_ff = 2560, .vocab = 49152, .positions = 2048}),
    [](config& c) { c.tied = true; });

}  // namespace constformer::configs

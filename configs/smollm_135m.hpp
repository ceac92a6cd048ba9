#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// SmolLM 135M (HuggingFaceTB/SmolLM-135M): 134,515,008 parameters, tied.
inline constexpr config smollm_135m = with(
    llama({.layers = 30, .d_model = 576, .heads = 9, .kv_heads = 3, .d_ff = 1536, .vocab = 49152, .positions = 2048}),
    [](config& c) { c.tied = true; });

}  // namespace constformer::configs

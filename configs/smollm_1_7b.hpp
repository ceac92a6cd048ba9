#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// SmolLM 1.7B (HuggingFaceTB/SmolLM-1.7B): 1,711,376,384 parameters, tied.
inline constexpr config smollm_1_7b =
    with(llama({.layers = 24, .d_model = 2048, .heads = 32, .d_ff = 8192, .vocab = 49152, .positions = 2048}),
         [](config& c) { c.tied = true; });

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Llama 3 8B (arXiv:2407.21783; meta-llama/Meta-Llama-3-8B): 8,030,261,248 parameters.
inline constexpr config llama3_8b = with(
    llama(
        {.layers = 32, .d_model = 4096, .heads = 32, .kv_heads = 8, .d_ff = 14336, .vocab = 128256, .positions = 8192}),
    [](config& c) { c.rope.theta = 500000.0F; });

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Gemma 7B (arXiv:2403.08295; google/gemma-7b): 8,537,680,896 parameters, tied.
inline constexpr config gemma_7b = gemma(
    {.layers = 28, .d_model = 3072, .heads = 16, .head_dim = 256, .d_ff = 24576, .vocab = 256000, .positions = 8192});

}  // namespace constformer::configs

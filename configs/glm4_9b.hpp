#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// GLM-4 9B (arXiv:2406.12793; THUDM/glm-4-9b-hf): 9,399,951,360 parameters.
inline constexpr config glm4_9b = glm({.layers = 40,
                                       .d_model = 4096,
                                       .heads = 32,
                                       .kv_heads = 2,
                                       .head_dim = 128,
                                       .d_ff = 13696,
                                       .vocab = 151552,
                                       .positions = 8192});

}  // namespace constformer::configs

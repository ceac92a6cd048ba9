#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// GLM-4 9B of April 2025 (THUDM/GLM-4-9B-0414): 9,400,279,040 parameters; norms on both sides.
inline constexpr config glm4_9b_0414 = glm4({.layers = 40,
                                             .d_model = 4096,
                                             .heads = 32,
                                             .kv_heads = 2,
                                             .head_dim = 128,
                                             .d_ff = 13696,
                                             .vocab = 151552,
                                             .positions = 32768});

}  // namespace constformer::configs

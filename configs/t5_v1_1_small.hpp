#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// T5 1.1 small (google/t5-v1_1-small): 76,961,152 parameters.
inline constexpr config t5_v1_1_small =
    t5_v1_1({.layers = 8, .d_model = 512, .heads = 6, .head_dim = 64, .d_ff = 1024, .vocab = 32128, .positions = 4096});

}  // namespace constformer::configs

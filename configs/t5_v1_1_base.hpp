#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// T5 1.1 base (google/t5-v1_1-base): 247,577,856 parameters.
inline constexpr config t5_v1_1_base =
    t5_v1_1({.layers = 12, .d_model = 768, .heads = 12, .d_ff = 2048, .vocab = 32128, .positions = 4096});

}  // namespace constformer::configs

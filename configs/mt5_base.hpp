#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// mT5 base (arXiv:2010.11934; google/mt5-base): 582,401,280 parameters, its head a matrix of its own.
inline constexpr config mt5_base = t5_v1_1(
    {.layers = 12, .d_model = 768, .heads = 12, .head_dim = 64, .d_ff = 2048, .vocab = 250112, .positions = 4096});

}  // namespace constformer::configs

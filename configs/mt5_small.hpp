#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// mT5 small (arXiv:2010.11934; google/mt5-small): 300,176,768 parameters, its head a matrix of its own.
inline constexpr config mt5_small = t5_v1_1(
    {.layers = 8, .d_model = 512, .heads = 6, .head_dim = 64, .d_ff = 1024, .vocab = 250112, .positions = 4096});

}  // namespace constformer::configs

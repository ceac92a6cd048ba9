#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// T5 3B (arXiv:1910.10683; google-t5/t5-3b): 2,851,598,336 parameters.
inline constexpr config t5_3b =
    t5({.layers = 24, .d_model = 1024, .heads = 32, .head_dim = 128, .d_ff = 16384, .vocab = 32128, .positions = 4096});

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// T5 11B (arXiv:1910.10683; google-t5/t5-11b): 11,307,321,344 parameters.
inline constexpr config t5_11b = t5(
    {.layers = 24, .d_model = 1024, .heads = 128, .head_dim = 128, .d_ff = 65536, .vocab = 32128, .positions = 4096});

}  // namespace constformer::configs

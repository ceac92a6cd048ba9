#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// T5 large (arXiv:1910.10683; google-t5/t5-large): 737,668,096 parameters.
inline constexpr config t5_large = t5({.layers = 24, .d_model = 1024, .heads = 16, .vocab = 32128, .positions = 4096});

}  // namespace constformer::configs

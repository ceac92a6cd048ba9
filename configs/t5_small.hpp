#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// T5 small (arXiv:1910.10683; google-t5/t5-small): 60,506,624 parameters.
inline constexpr config t5_small = t5({.layers = 6, .d_model = 512, .heads = 8, .vocab = 32128, .positions = 4096});

}  // namespace constformer::configs

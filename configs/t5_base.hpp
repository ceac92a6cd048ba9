#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// T5 base (arXiv:1910.10683; google-t5/t5-base): 222,903,552 parameters.
inline constexpr config t5_base = t5({.layers = 12, .d_model = 768, .heads = 12, .vocab = 32128, .positions = 4096});

}  // namespace constformer::configs

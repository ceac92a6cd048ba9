#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// TinyStories 33M (arXiv:2305.07759; roneneldan/TinyStories-33M): 68,514,048 parameters.
inline constexpr config tinystories_33m =
    gpt_neo({.layers = 4, .d_model = 768, .heads = 16, .vocab = 50257, .positions = 2048}, 256);

}  // namespace constformer::configs

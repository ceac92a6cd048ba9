#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// TinyStories 1M (arXiv:2305.07759; roneneldan/TinyStories-1M): 3,745,984 parameters.
inline constexpr config tinystories_1m =
    gpt_neo({.layers = 8, .d_model = 64, .heads = 16, .vocab = 50257, .positions = 2048}, 256);

}  // namespace constformer::configs

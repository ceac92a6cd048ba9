#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// ChatGLM-6B v1.1 (arXiv:2406.12793; THUDM/chatglm-6b): 6,173,286,400 parameters, tied.
inline constexpr config chatglm_6b = constformer::chatglm_6b(
    {.layers = 28, .d_model = 4096, .heads = 32, .d_ff = 16384, .vocab = 130528, .positions = 2048},
    {.end = 130004, .blank = 130001, .other_blank = 130000});

}  // namespace constformer::configs

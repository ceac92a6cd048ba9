#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// GPT-Neo 1.3B (EleutherAI/gpt-neo-1.3B): 1,315,575,808 parameters.
inline constexpr config gpt_neo_1_3b =
    gpt_neo({.layers = 24, .d_model = 2048, .heads = 16, .vocab = 50257, .positions = 2048}, 256);

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// GPT-Neo 125M (EleutherAI/gpt-neo-125m): 125,198,592 parameters.
inline constexpr config gpt_neo_125m =
    gpt_neo({.layers = 12, .d_model = 768, .heads = 12, .vocab = 50257, .positions = 2048}, 256);

}  // namespace constformer::configs

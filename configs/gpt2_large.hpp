#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// GPT-2 large (Radford et al. 2019; Hugging Face openai-community/gpt2-large): 774,030,080 parameters.
inline constexpr config gpt2_large =
    constformer::gpt2({.layers = 36, .d_model = 1280, .heads = 20, .vocab = 50257, .positions = 1024});

}  // namespace constformer::configs

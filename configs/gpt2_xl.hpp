#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// GPT-2 XL (Radford et al. 2019; Hugging Face openai-community/gpt2-xl): 1,557,611,200 parameters.
inline constexpr config gpt2_xl =
    constformer::gpt2({.layers = 48, .d_model = 1600, .heads = 25, .vocab = 50257, .positions = 1024});

}  // namespace constformer::configs

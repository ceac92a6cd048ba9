#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// GPT-2 medium (Radford et al. 2019; Hugging Face openai-community/gpt2-medium): 354,823,168 parameters.
inline constexpr config gpt2_medium =
    constformer::gpt2({.layers = 24, .d_model = 1024, .heads = 16, .vocab = 50257, .positions = 1024});

}  // namespace constformer::configs

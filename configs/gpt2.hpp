#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// GPT-2 small (Radford et al. 2019; Hugging Face openai-community/gpt2): 124,439,808 parameters.
inline constexpr config gpt2 =
    constformer::gpt2({.layers = 12, .d_model = 768, .heads = 12, .vocab = 50257, .positions = 1024});

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/configs/gpt2.hpp"

namespace constformer::configs {

/// nanoGPT's GPT-2 without biases (github.com/karpathy/nanoGPT, train.py and bench.py): 124,337,664 parameters.
/// Its GELU is the erf form, also where it runs GPT-2's own weights.
inline constexpr config nanogpt = with(gpt2, [](config& c) {
  c.norm_bias = c.bias_qkv = c.bias_attention_output = c.bias_ffn = false;
  c.activation = activation_kind::gelu;
});

}  // namespace constformer::configs

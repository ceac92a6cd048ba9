#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"

namespace constformer::configs {

/// GPT-NeoX 20B (arXiv:2204.06745; EleutherAI/gpt-neox-20b): 20,554,567,680 parameters; its GELU is the tanh form.
inline constexpr config gpt_neox_20b =
    with(gpt_neox({.layers = 44, .d_model = 6144, .heads = 64, .d_ff = 24576, .vocab = 50432, .positions = 2048}),
         [](config& c) { c.activation = activation_kind::gelu_tanh; });

}  // namespace constformer::configs

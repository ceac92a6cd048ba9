#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"

namespace constformer::configs {

/// stories260K of github.com/karpathy/llama2.c as its .bin files hold it, rotary pairs side by side:
/// 260,032 parameters.
inline constexpr config stories260k =
    with(llama({.layers = 5, .d_model = 64, .heads = 8, .kv_heads = 4, .d_ff = 172, .vocab = 512, .positions = 512}),
         [](config& c) {
           c.rope.style = rope_style::interleaved;
           c.tied = true;
         });

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"

namespace constformer::configs {

/// stories42M of github.com/karpathy/llama2.c as its .bin files hold it, rotary pairs side by side:
/// 41,689,600 parameters.
inline constexpr config stories42m = with(
    llama({.layers = 8, .d_model = 512, .heads = 8, .d_ff = 1376, .vocab = 32000, .positions = 1024}), [](config& c) {
      c.rope.style = rope_style::interleaved;
      c.tied = true;
    });

}  // namespace constformer::configs

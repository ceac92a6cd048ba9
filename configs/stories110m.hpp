#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"

namespace constformer::configs {

/// stories110M of github.com/karpathy/llama2.c as its .bin files hold it, rotary pairs side by side:
/// 109,529,856 parameters.
inline constexpr config stories110m = with(
    llama({.layers = 12, .d_model = 768, .heads = 12, .d_ff = 2048, .vocab = 32000, .positions = 1024}), [](config& c) {
      c.rope.style = rope_style::interleaved;
      c.tied = true;
    });

}  // namespace constformer::configs

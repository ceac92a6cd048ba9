#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"
#include "constformer/config/kinds.hpp"

namespace constformer::configs {

/// stories15M of github.com/karpathy/llama2.c as its .bin files hold it, rotary pairs side by side:
/// 15,191,712 parameters.
inline constexpr config stories15m = with(
    llama({.layers = 6, .d_model = 288, .heads = 6, .d_ff = 768, .vocab = 32000, .positions = 256}), [](config& c) {
      c.rope.style = rope_style::interleaved;
      c.tied = true;
    });

}  // namespace constformer::configs

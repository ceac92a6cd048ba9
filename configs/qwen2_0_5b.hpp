#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Qwen2 0.5B (arXiv:2407.10671; Qwen/Qwen2-0.5B): 494,032,768 parameters, tied.
inline constexpr config qwen2_0_5b = with(
    qwen2(
        {.layers = 24, .d_model = 896, .heads = 14, .kv_heads = 2, .d_ff = 4864, .vocab = 151936, .positions = 131072}),
    [](config& c) {
      c.rope.theta = 1000000.0F;
      c.tied = true;
    });

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Qwen3 1.7B (arXiv:2505.09388; Qwen/Qwen3-1.7B): 1,720,574,976 parameters, tied.
inline constexpr config qwen3_1_7b = with(
    qwen3(
        {.layers = 28, .d_model = 2048, .heads = 16, .kv_heads = 8, .d_ff = 6144, .vocab = 151936, .positions = 40960}),
    [](config& c) {
      c.rope.theta = 1000000.0F;
      c.tied = true;
    });

}  // namespace constformer::configs

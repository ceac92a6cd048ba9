#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Qwen3 8B (arXiv:2505.09388; Qwen/Qwen3-8B): 8,190,735,360 parameters.
inline constexpr config qwen3_8b = with(qwen3({.layers = 36,
                                               .d_model = 4096,
                                               .heads = 32,
                                               .kv_heads = 8,
                                               .d_ff = 12288,
                                               .vocab = 151936,
                                               .positions = 40960}),
                                        [](config& c) { c.rope.theta = 1000000.0F; });

}  // namespace constformer::configs

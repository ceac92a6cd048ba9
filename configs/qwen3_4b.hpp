#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Qwen3 4B (arXiv:2505.09388; Qwen/Qwen3-4B): 4,022,468,096 parameters, tied.
inline constexpr config qwen3_4b = with(qwen3({.layers = 36,
                                               .d_model = 2560,
                                               .heads = 32,
                                               .kv_heads = 8,
                                               .head_dim = 128,
                                               .d_ff = 9728,
                                               .vocab = 151936,
                                               .positions = 40960}),
                                        [](config& c) {
                                          c.rope.theta = 1000000.0F;
                                          c.tied = true;
                                        });

}  // namespace constformer::configs

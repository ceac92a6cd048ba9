#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Qwen3 0.6B (arXiv:2505.09388; Qwen/Qwen3-0.6B): 596,049,920 parameters, tied.
inline constexpr config qwen3_0_6b = with(qwen3({.layers = 28,
                                                 .d_model = 1024,
                                                 .heads = 16,
                                                 .kv_heads = 8,
                                                 .head_dim = 128,
                                                 .d_ff = 3072,
                                                 .vocab = 151936,
                                                 .positions = 40960}),
                                          [](config& c) {
                                            c.rope.theta = 1000000.0F;
                                            c.tied = true;
                                          });

}  // namespace constformer::configs

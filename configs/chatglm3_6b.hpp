#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// ChatGLM3 6B (arXiv:2406.12793; THUDM/chatglm3-6b): 6,243,584,000 parameters.
inline constexpr config chatglm3_6b = chatglm({.layers = 28,
                                               .d_model = 4096,
                                               .heads = 32,
                                               .kv_heads = 2,
                                               .head_dim = 128,
                                               .d_ff = 13696,
                                               .vocab = 65024,
                                               .positions = 8192});

}  // namespace constformer::configs

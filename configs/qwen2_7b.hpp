#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Qwen2 7B (arXiv:2407.10671; Qwen/Qwen2-7B): 7,615,616,512 parameters.
inline constexpr config qwen2_7b = with(qwen2({.layers = 28,
                                               .d_model = 3584,
                                               .heads = 28,
                                               .kv_heads = 4,
                                               .d_ff = 18944,
                                               .vocab = 152064,
                                               .positions = 131072}),
                                        [](config& c) { c.rope.theta = 1000000.0F; });

}  // namespace constformer::configs

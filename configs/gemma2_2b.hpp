#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Gemma 2 2B (arXiv:2408.00118; google/gemma-2-2b): 2,614,341,888 parameters, tied; a window on every other layer.
inline constexpr config gemma2_2b = gemma2({.layers = 26,
                                            .d_model = 2304,
                                            .heads = 8,
                                            .kv_heads = 4,
                                            .head_dim = 256,
                                            .d_ff = 9216,
                                            .vocab = 256000,
                                            .positions = 8192},
                                           4096);

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Gemma 2 9B (arXiv:2408.00118; google/gemma-2-9b): 9,241,705,984 parameters, tied; a window on every other layer.
inline constexpr config gemma2_9b = gemma2({.layers = 42,
                                            .d_model = 3584,
                                            .heads = 16,
                                            .kv_heads = 8,
                                            .head_dim = 256,
                                            .d_ff = 14336,
                                            .vocab = 256000,
                                            .positions = 8192},
                                           4096);

}  // namespace constformer::configs

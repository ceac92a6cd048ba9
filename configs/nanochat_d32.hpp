#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// nanochat of depth 32 as published in October 2025 (karpathy/nanochat-d32): the first era.
inline constexpr config nanochat_d32 =
    nanochat({.layers = 32, .d_model = 2048, .heads = 16, .vocab = 65536, .positions = 2048});

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// TinyLlama 1.1B (arXiv:2401.02385): 1,100,048,384 parameters.
inline constexpr config tinyllama_1_1b =
    llama({.layers = 22, .d_model = 2048, .heads = 32, .kv_heads = 4, .d_ff = 5632, .vocab = 32000, .positions = 2048});

}  // namespace constformer::configs

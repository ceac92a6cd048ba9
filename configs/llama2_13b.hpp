#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Llama 2 13B (arXiv:2307.09288): 13,015,864,320 parameters.
inline constexpr config llama2_13b =
    llama({.layers = 40, .d_model = 5120, .heads = 40, .d_ff = 13824, .vocab = 32000, .positions = 4096});

}  // namespace constformer::configs

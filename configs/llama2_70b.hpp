#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Llama 2 70B (arXiv:2307.09288): 68,976,648,192 parameters.
/// Eight query heads share each key and value head.
inline constexpr config llama2_70b = llama(
    {.layers = 80, .d_model = 8192, .heads = 64, .kv_heads = 8, .d_ff = 28672, .vocab = 32000, .positions = 4096});

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Mistral 7B v0.1 (arXiv:2310.06825): 7,241,732,096 parameters; a query sees 4096 keys.
inline constexpr config mistral_7b = mistral(
    {.layers = 32, .d_model = 4096, .heads = 32, .kv_heads = 8, .d_ff = 14336, .vocab = 32000, .positions = 32768},
    4096);

}  // namespace constformer::configs

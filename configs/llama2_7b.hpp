#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Llama 2 7B (arXiv:2307.09288): 6,738,415,616 parameters.
inline constexpr config llama2_7b =
    llama({.layers = 32, .d_model = 4096, .heads = 32, .d_ff = 11008, .vocab = 32000, .positions = 4096});

}  // namespace constformer::configs

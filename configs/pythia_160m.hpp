#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Pythia 160M (arXiv:2304.01373; EleutherAI/pythia-160m): 162,322,944 parameters.
inline constexpr config pythia_160m =
    gpt_neox({.layers = 12, .d_model = 768, .heads = 12, .d_ff = 3072, .vocab = 50304, .positions = 2048});

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Pythia 70M (arXiv:2304.01373; EleutherAI/pythia-70m): 70,426,624 parameters.
inline constexpr config pythia_70m =
    gpt_neox({.layers = 6, .d_model = 512, .heads = 8, .d_ff = 2048, .vocab = 50304, .positions = 2048});

}  // namespace constformer::configs

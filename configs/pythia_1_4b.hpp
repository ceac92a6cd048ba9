#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Pythia 1.4B (arXiv:2304.01373; EleutherAI/pythia-1.4b): 1,414,647,808 parameters.
inline constexpr config pythia_1_4b =
    gpt_neox({.layers = 24, .d_model = 2048, .heads = 16, .d_ff = 8192, .vocab = 50304, .positions = 2048});

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// LLaMA 65B (arXiv:2302.13971): 65,285,660,672 parameters.
/// The only one of its generation with an eps of 1e-5.
inline constexpr config llama_65b =
    llama({.layers = 80, .d_model = 8192, .heads = 64, .d_ff = 22016, .vocab = 32000, .positions = 2048});

}  // namespace constformer::configs

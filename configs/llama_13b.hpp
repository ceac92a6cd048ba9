#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// LLaMA 13B (arXiv:2302.13971): 13,015,864,320 parameters.
inline constexpr config llama_13b =
    with(llama({.layers = 40, .d_model = 5120, .heads = 40, .d_ff = 13824, .vocab = 32000, .positions = 2048}),
         [](config& c) { c.norm_eps = 1e-6F; });

}  // namespace constformer::configs

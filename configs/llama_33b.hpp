#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// LLaMA 33B (arXiv:2302.13971): 32,528,943,616 parameters.
/// Its files say 30B.
inline constexpr config llama_33b =
    with(llama({.layers = 60, .d_model = 6656, .heads = 52, .d_ff = 17920, .vocab = 32000, .positions = 2048}),
         [](config& c) { c.norm_eps = 1e-6F; });

}  // namespace constformer::configs

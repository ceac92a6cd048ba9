#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// LLaMA 7B (arXiv:2302.13971): 6,738,415,616 parameters.
inline constexpr config llama_7b =
    with(llama({.layers = 32, .d_model = 4096, .heads = 32, .d_ff = 11008, .vocab = 32000, .positions = 2048}),
         [](config& c) { c.norm_eps = 1e-6F; });

}  // namespace constformer::configs

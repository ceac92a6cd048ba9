#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// Phi-3 mini 4k (arXiv:2404.14219; microsoft/Phi-3-mini-4k-instruct): 3,821,079,552 parameters; a query sees 2047
/// keys.
inline constexpr config phi3_mini =
    with(phi3({.layers = 32, .d_model = 3072, .heads = 32, .d_ff = 8192, .vocab = 32064, .positions = 4096}),
         [](config& c) { c.window = 2047; });

}  // namespace constformer::configs

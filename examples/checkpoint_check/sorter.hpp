#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// What models/sort is trained as.
inline constexpr config sorter = gpt2({.layers = 3, .d_model = 48, .heads = 3, .vocab = 3, .positions = 11});

/// The same with wider feed-forward layers, which that checkpoint does not fill.
inline constexpr config wider =
    gpt2({.layers = 3, .d_model = 48, .heads = 3, .d_ff = 256, .vocab = 3, .positions = 11});

}  // namespace constformer::configs

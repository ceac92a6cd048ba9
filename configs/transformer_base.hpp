#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// The base model of the paper (arXiv:1706.03762, table 3) with its 37,000 tokens of English and German: 63,082,496
/// parameters.
inline constexpr config transformer_base =
    vaswani({.layers = 6, .d_model = 512, .heads = 8, .vocab = 37000, .positions = 512});

}  // namespace constformer::configs

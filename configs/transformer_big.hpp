#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// The big model of the paper (arXiv:1706.03762, table 3) with its 37,000 tokens of English and German: 214,245,376
/// parameters.
inline constexpr config transformer_big =
    vaswani({.layers = 6, .d_model = 1024, .heads = 16, .vocab = 37000, .positions = 512});

}  // namespace constformer::configs

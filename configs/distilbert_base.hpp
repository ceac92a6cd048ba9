#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// DistilBERT base, uncased (arXiv:1910.01108; distilbert/distilbert-base-uncased): 66,362,880 parameters.
inline constexpr config distilbert_base =
    distilbert({.layers = 6, .d_model = 768, .heads = 12, .vocab = 30522, .positions = 512});

}  // namespace constformer::configs

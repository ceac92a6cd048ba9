#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// all-MiniLM-L6-v2 (sentence-transformers; arXiv:2002.10957): 22,713,216 parameters, pooler included.
inline constexpr config minilm_l6 = bert({.layers = 6, .d_model = 384, .heads = 12, .vocab = 30522, .positions = 512});

}  // namespace constformer::configs

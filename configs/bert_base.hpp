#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// BERT base, uncased (arXiv:1810.04805; google-bert/bert-base-uncased) with its pooler: 109,482,240 parameters.
inline constexpr config bert_base = bert({.layers = 12, .d_model = 768, .heads = 12, .vocab = 30522, .positions = 512});

}  // namespace constformer::configs

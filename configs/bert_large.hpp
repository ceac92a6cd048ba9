#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// BERT large, uncased (arXiv:1810.04805; google-bert/bert-large-uncased) with its pooler: 335,141,888 parameters.
inline constexpr config bert_large =
    bert({.layers = 24, .d_model = 1024, .heads = 16, .vocab = 30522, .positions = 512});

}  // namespace constformer::configs

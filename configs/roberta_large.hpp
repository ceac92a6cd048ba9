#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// RoBERTa large (arXiv:1907.11692; FacebookAI/roberta-large) with its head for masked tokens: 355,412,057 parameters.
inline constexpr config roberta_large =
    with(roberta({.layers = 24, .d_model = 1024, .heads = 16, .vocab = 50265, .positions = 512}), [](config& c) {
      c.pooler = false;
      c.head = head_kind::masked_language_model;
      c.tied = true;
    });

}  // namespace constformer::configs

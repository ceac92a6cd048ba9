#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// XLM-RoBERTa large (arXiv:1911.02116; FacebookAI/xlm-roberta-large) with its head for masked tokens: 560,142,482
/// parameters.
inline constexpr config xlm_roberta_large =
    with(roberta({.layers = 24, .d_model = 1024, .heads = 16, .vocab = 250002, .positions = 512}), [](config& c) {
      c.pooler = false;
      c.head = head_kind::masked_language_model;
      c.tied = true;
    });

}  // namespace constformer::configs

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// XLM-RoBERTa base (arXiv:1911.02116; FacebookAI/xlm-roberta-base) with its head for masked tokens: 278,295,186
/// parameters.
inline constexpr config xlm_roberta_base =
    with(roberta({.layers = 12, .d_model = 768, .heads = 12, .vocab = 250002, .positions = 512}), [](config& c) {
      c.pooler = false;
      c.head = head_kind::masked_language_model;
      c.tied = true;
    });

}  // namespace constformer::configs

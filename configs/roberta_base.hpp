#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// RoBERTa base (arXiv:1907.11692; FacebookAI/roberta-base) with its head for masked tokens: 124,697,433 parameters.
inline constexpr config roberta_base =
    with(roberta({.layers = 12, .d_model = 768, .heads = 12, .vocab = 50265, .positions = 512}), [](config& c) {
      c.pooler = false;
      c.head = head_kind::masked_language_model;
      c.tied = true;
    });

}  // namespace constformer::configs

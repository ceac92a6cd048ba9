#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/families.hpp"

namespace constformer::configs {

/// BERT base, uncased, with both heads it was trained with (arXiv:1810.04805): 110,106,428 parameters.
inline constexpr config bert_base_pretraining =
    with(bert({.layers = 12, .d_model = 768, .heads = 12, .vocab = 30522, .positions = 512}), [](config& c) {
      c.head = head_kind::masked_language_model;
      c.tied = true;
      c.classifier = classifier_kind::next_sentence;
      c.labels = 2;
    });

}  // namespace constformer::configs

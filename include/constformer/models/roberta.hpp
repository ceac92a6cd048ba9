#pragma once

#include <array>
#include <string_view>

#include "constformer/models/bert.hpp"
#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr auto roberta_rules = changed(
    bert_rules, std::array{name_rule{.layer = "head_transform", .tensor = "lm_head.dense", .prefixed = false},
                           name_rule{.layer = "head_norm", .tensor = "lm_head.layer_norm", .prefixed = false},
                           name_rule{.layer = "head.weight", .tensor = "lm_head.decoder.weight", .prefixed = false},
                           name_rule{.layer = "head.bias", .tensor = "lm_head.bias", .prefixed = false}});

// A sequence is judged by two layers, the first of which does what a pooler does.
inline constexpr auto roberta_sequence_rules = changed(
    roberta_rules, std::array{name_rule{.layer = "pooler", .tensor = "classifier.dense", .prefixed = false},
                              name_rule{.layer = "classifier", .tensor = "classifier.out_proj", .prefixed = false}});

inline constexpr std::array<std::string_view, 2> roberta_ignored{"embeddings.position_ids", "lm_head.decoder.bias"};

}  // namespace detail

/// Hugging Face names of RoBERTa.
inline constexpr name_map roberta_names{detail::roberta_rules, detail::roberta_ignored};

/// The same where a sequence is classified.
inline constexpr name_map roberta_sequence_names{detail::roberta_sequence_rules, detail::roberta_ignored};

}  // namespace constformer

#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr std::array roberta_rules{
    name_rule{"tokens", "embeddings.word_embeddings"},
    name_rule{"positions", "embeddings.position_embeddings"},
    name_rule{"segments", "embeddings.token_type_embeddings"},
    name_rule{"embedding_norm", "embeddings.LayerNorm"},
    name_rule{"blocks.*.attention.query", "encoder.layer.*.attention.self.query"},
    name_rule{"blocks.*.attention.key", "encoder.layer.*.attention.self.key"},
    name_rule{"blocks.*.attention.value", "encoder.layer.*.attention.self.value"},
    name_rule{"blocks.*.attention.output", "encoder.layer.*.attention.output.dense"},
    name_rule{"blocks.*.attention_norm", "encoder.layer.*.attention.output.LayerNorm"},
    name_rule{"blocks.*.ffn.up", "encoder.layer.*.intermediate.dense"},
    name_rule{"blocks.*.ffn.down", "encoder.layer.*.output.dense"},
    name_rule{"blocks.*.ffn_norm", "encoder.layer.*.output.LayerNorm"},
    name_rule{.layer = "head_transform", .tensor = "lm_head.dense", .prefixed = false},
    name_rule{.layer = "head_norm", .tensor = "lm_head.layer_norm", .prefixed = false},
    name_rule{.layer = "head.weight", .tensor = "lm_head.decoder.weight", .prefixed = false},
    name_rule{.layer = "head.bias", .tensor = "lm_head.bias", .prefixed = false},
    name_rule{"pooler", "pooler.dense"},
    name_rule{.layer = "classifier", .tensor = "classifier", .prefixed = false},
};

// A sequence is judged by two layers, the first of which does what a pooler does.
inline constexpr auto roberta_sequence_rules = [] {
  auto rules = roberta_rules;
  rules[rules.size() - 2] = name_rule{.layer = "pooler", .tensor = "classifier.dense", .prefixed = false};
  rules.back().tensor = "classifier.out_proj";
  return rules;
}();

inline constexpr std::array<std::string_view, 2> roberta_ignored{"embeddings.position_ids", "lm_head.decoder.bias"};

}  // namespace detail

/// Hugging Face names of RoBERTa.
inline constexpr name_map roberta_names{detail::roberta_rules, detail::roberta_ignored};

/// The same where a sequence is classified.
inline constexpr name_map roberta_sequence_names{detail::roberta_sequence_rules, detail::roberta_ignored};

}  // namespace constformer

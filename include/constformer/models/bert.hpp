#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr std::array bert_rules{
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
    name_rule{"pooler", "pooler.dense"},
    name_rule{.layer = "head_transform", .tensor = "cls.predictions.transform.dense", .prefixed = false},
    name_rule{.layer = "head_norm", .tensor = "cls.predictions.transform.LayerNorm", .prefixed = false},
    name_rule{.layer = "head.weight", .tensor = "cls.predictions.decoder.weight", .prefixed = false},
    name_rule{.layer = "head.bias", .tensor = "cls.predictions.bias", .prefixed = false},
    name_rule{.layer = "classifier", .tensor = "classifier", .prefixed = false},
};

inline constexpr std::array<std::string_view, 2> bert_ignored{"embeddings.position_ids",
                                                              "cls.predictions.decoder.bias"};

inline constexpr auto bert_next_sentence_rules = changed(
    bert_rules, std::array{name_rule{.layer = "classifier", .tensor = "cls.seq_relationship", .prefixed = false}});

}  // namespace detail

/// Hugging Face names of BERT.
inline constexpr name_map bert_names{detail::bert_rules, detail::bert_ignored};

/// The same where the classifier is that of next sentence prediction.
inline constexpr name_map bert_next_sentence_names{detail::bert_next_sentence_rules, detail::bert_ignored};

}  // namespace constformer

#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr std::array distilbert_rules{
    name_rule{"tokens", "embeddings.word_embeddings"},
    name_rule{"positions", "embeddings.position_embeddings"},
    name_rule{"embedding_norm", "embeddings.LayerNorm"},
    name_rule{"blocks.*.attention.query", "transformer.layer.*.attention.q_lin"},
    name_rule{"blocks.*.attention.key", "transformer.layer.*.attention.k_lin"},
    name_rule{"blocks.*.attention.value", "transformer.layer.*.attention.v_lin"},
    name_rule{"blocks.*.attention.output", "transformer.layer.*.attention.out_lin"},
    name_rule{"blocks.*.attention_norm", "transformer.layer.*.sa_layer_norm"},
    name_rule{"blocks.*.ffn.up", "transformer.layer.*.ffn.lin1"},
    name_rule{"blocks.*.ffn.down", "transformer.layer.*.ffn.lin2"},
    name_rule{"blocks.*.ffn_norm", "transformer.layer.*.output_layer_norm"},
    name_rule{.layer = "head_transform", .tensor = "vocab_transform", .prefixed = false},
    name_rule{.layer = "head_norm", .tensor = "vocab_layer_norm", .prefixed = false},
    name_rule{.layer = "head", .tensor = "vocab_projector", .prefixed = false},
    name_rule{.layer = "pooler", .tensor = "pre_classifier", .prefixed = false},
    name_rule{.layer = "classifier", .tensor = "classifier", .prefixed = false},
};

inline constexpr std::array<std::string_view, 1> distilbert_ignored{"embeddings.position_ids"};

}  // namespace detail

/// Hugging Face names of DistilBERT.
inline constexpr name_map distilbert_names{detail::distilbert_rules, detail::distilbert_ignored};

}  // namespace constformer

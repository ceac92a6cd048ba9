#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr std::array chatglm_rules{
    name_rule{"tokens", "embedding.word_embeddings"},
    name_rule{"blocks.*.attention_norm", "encoder.layers.*.input_layernorm"},
    name_rule{"blocks.*.attention.query", "encoder.layers.*.self_attention.query_key_value", 0},
    name_rule{"blocks.*.attention.key", "encoder.layers.*.self_attention.query_key_value", 1},
    name_rule{"blocks.*.attention.value", "encoder.layers.*.self_attention.query_key_value", 2},
    name_rule{"blocks.*.attention.output", "encoder.layers.*.self_attention.dense"},
    name_rule{"blocks.*.ffn_norm", "encoder.layers.*.post_attention_layernorm"},
    name_rule{"blocks.*.ffn.gate", "encoder.layers.*.mlp.dense_h_to_4h", 0},
    name_rule{"blocks.*.ffn.up", "encoder.layers.*.mlp.dense_h_to_4h", 1},
    name_rule{"blocks.*.ffn.down", "encoder.layers.*.mlp.dense_4h_to_h"},
    name_rule{"final_norm", "encoder.final_layernorm"},
    name_rule{"head", "output_layer"},
};

inline constexpr std::array<std::string_view, 1> chatglm_ignored{"rotary_pos_emb.inv_freq"};

}  // namespace detail

/// Names of ChatGLM2 and 3 in their own checkpoints.
inline constexpr name_map chatglm_names{detail::chatglm_rules, detail::chatglm_ignored};

}  // namespace constformer

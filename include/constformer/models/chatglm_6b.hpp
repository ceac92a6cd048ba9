#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr std::array chatglm_6b_rules{
    name_rule{"tokens", "word_embeddings"},
    name_rule{"blocks.*.attention_norm", "layers.*.input_layernorm"},
    name_rule{"blocks.*.attention.query", "layers.*.attention.query_key_value", 0, false, true},
    name_rule{"blocks.*.attention.key", "layers.*.attention.query_key_value", 1, false, true},
    name_rule{"blocks.*.attention.value", "layers.*.attention.query_key_value", 2, false, true},
    name_rule{"blocks.*.attention.output", "layers.*.attention.dense"},
    name_rule{"blocks.*.ffn_norm", "layers.*.post_attention_layernorm"},
    name_rule{"blocks.*.ffn.up", "layers.*.mlp.dense_h_to_4h"},
    name_rule{"blocks.*.ffn.down", "layers.*.mlp.dense_4h_to_h"},
    name_rule{"final_norm", "final_layernorm"},
    name_rule{.layer = "head", .tensor = "lm_head", .prefixed = false},
};

inline constexpr std::array<std::string_view, 1> chatglm_6b_ignored{"layers.*.attention.rotary_emb.inv_freq"};

}  // namespace detail

/// Names of ChatGLM-6B in its own checkpoints.
inline constexpr name_map chatglm_6b_names{detail::chatglm_6b_rules, detail::chatglm_6b_ignored};

}  // namespace constformer

#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

// Published files call the head embed_out; the reader renames it to what transformers 5 writes.
inline constexpr std::array gpt_neox_rules{
    name_rule{"tokens", "embed_in"},
    name_rule{"blocks.*.attention_norm", "layers.*.input_layernorm"},
    name_rule{"blocks.*.attention.query", "layers.*.attention.query_key_value", 0, false, true},
    name_rule{"blocks.*.attention.key", "layers.*.attention.query_key_value", 1, false, true},
    name_rule{"blocks.*.attention.value", "layers.*.attention.query_key_value", 2, false, true},
    name_rule{"blocks.*.attention.output", "layers.*.attention.dense"},
    name_rule{"blocks.*.ffn_norm", "layers.*.post_attention_layernorm"},
    name_rule{"blocks.*.ffn.up", "layers.*.mlp.dense_h_to_4h"},
    name_rule{"blocks.*.ffn.down", "layers.*.mlp.dense_4h_to_h"},
    name_rule{"final_norm", "final_layer_norm"},
    name_rule{.layer = "head", .tensor = "lm_head", .prefixed = false},
};

inline constexpr std::array<std::string_view, 3> gpt_neox_ignored{
    "layers.*.attention.bias", "layers.*.attention.masked_bias", "layers.*.attention.rotary_emb.inv_freq"};

}  // namespace detail

/// Hugging Face names of GPT-NeoX and Pythia.
inline constexpr name_map gpt_neox_names{detail::gpt_neox_rules, detail::gpt_neox_ignored};

}  // namespace constformer

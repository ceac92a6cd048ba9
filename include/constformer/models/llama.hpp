#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr std::array llama_rules{
    name_rule{"tokens", "embed_tokens"},
    name_rule{"blocks.*.attention_norm", "layers.*.input_layernorm"},
    name_rule{"blocks.*.attention.query", "layers.*.self_attn.q_proj"},
    name_rule{"blocks.*.attention.key", "layers.*.self_attn.k_proj"},
    name_rule{"blocks.*.attention.value", "layers.*.self_attn.v_proj"},
    name_rule{"blocks.*.attention.query_norm", "layers.*.self_attn.q_norm"},
    name_rule{"blocks.*.attention.key_norm", "layers.*.self_attn.k_norm"},
    name_rule{"blocks.*.attention.output", "layers.*.self_attn.o_proj"},
    name_rule{"blocks.*.ffn_norm", "layers.*.post_attention_layernorm"},
    name_rule{"blocks.*.ffn.gate", "layers.*.mlp.gate_proj"},
    name_rule{"blocks.*.ffn.up", "layers.*.mlp.up_proj"},
    name_rule{"blocks.*.ffn.down", "layers.*.mlp.down_proj"},
    name_rule{"final_norm", "norm"},
    name_rule{.layer = "head", .tensor = "lm_head", .prefixed = false},
};

inline constexpr std::array<std::string_view, 1> llama_ignored{"layers.*.self_attn.rotary_emb.inv_freq"};

}  // namespace detail

/// Hugging Face names of Llama, Mistral, Qwen2, Qwen3 and Gemma.
inline constexpr name_map llama_names{detail::llama_rules, detail::llama_ignored};

}  // namespace constformer

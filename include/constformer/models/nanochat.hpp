#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr std::array nanochat_rules{
    name_rule{"tokens", "embed_tokens"},
    name_rule{"smear_gate", "smear_gate"},
    name_rule{"smear_gain", "smear_lambda"},
    name_rule{"residual_gains", "resid_lambdas"},
    name_rule{"embedding_gains", "x0_lambdas"},
    name_rule{"backout_gain", "backout_lambda"},
    name_rule{"value_layers.*.embedding", "value_embeds.*"},
    name_rule{"value_layers.*.gate", "ve_gates.*"},
    name_rule{"blocks.*.attention.query", "layers.*.self_attn.q_proj"},
    name_rule{"blocks.*.attention.key", "layers.*.self_attn.k_proj"},
    name_rule{"blocks.*.attention.value", "layers.*.self_attn.v_proj"},
    name_rule{"blocks.*.attention.output", "layers.*.self_attn.o_proj"},
    name_rule{"blocks.*.ffn.up", "layers.*.mlp.fc1"},
    name_rule{"blocks.*.ffn.down", "layers.*.mlp.fc2"},
    name_rule{.layer = "head", .tensor = "lm_head", .prefixed = false},
};

inline constexpr std::array<std::string_view, 1> nanochat_ignored{"rotary_emb.inv_freq"};

}  // namespace detail

/// Hugging Face names of nanochat. The reader of nanochat's own files brings theirs to these; what only those have is
/// called as there, value embeddings and gates by their number among the layers that have them.
inline constexpr name_map nanochat_names{detail::nanochat_rules, detail::nanochat_ignored};

}  // namespace constformer

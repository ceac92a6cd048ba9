#pragma once

#include <array>

#include "constformer/models/llama.hpp"
#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr std::array fused_gate_and_up{
    name_rule{"blocks.*.ffn.gate", "layers.*.mlp.gate_up_proj", 0},
    name_rule{"blocks.*.ffn.up", "layers.*.mlp.gate_up_proj", 1},
};

inline constexpr auto glm_rules = changed(llama_rules, fused_gate_and_up);

// The norms on what each half gives are `post_self_attn` and `post_mlp`; `post_attention` is what the feed-forward
// layer reads.
inline constexpr auto glm4_rules =
    joined(glm_rules, std::array{name_rule{"blocks.*.attention_out_norm", "layers.*.post_self_attn_layernorm"},
                                 name_rule{"blocks.*.ffn_out_norm", "layers.*.post_mlp_layernorm"}});

}  // namespace detail

/// Hugging Face names of GLM-4 (model_type glm).
inline constexpr name_map glm_names{detail::glm_rules, detail::llama_ignored};

/// Hugging Face names of GLM-4 with norms on both sides (model_type glm4).
inline constexpr name_map glm4_names{detail::glm4_rules, detail::llama_ignored};

}  // namespace constformer

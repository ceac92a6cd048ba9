#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr std::array gpt_neo_rules{
    name_rule{"tokens", "wte"},
    name_rule{"positions", "wpe"},
    name_rule{"blocks.*.attention_norm", "h.*.ln_1"},
    name_rule{"blocks.*.attention.query", "h.*.attn.attention.q_proj"},
    name_rule{"blocks.*.attention.key", "h.*.attn.attention.k_proj"},
    name_rule{"blocks.*.attention.value", "h.*.attn.attention.v_proj"},
    name_rule{"blocks.*.attention.output", "h.*.attn.attention.out_proj"},
    name_rule{"blocks.*.ffn_norm", "h.*.ln_2"},
    name_rule{"blocks.*.ffn.up", "h.*.mlp.c_fc"},
    name_rule{"blocks.*.ffn.down", "h.*.mlp.c_proj"},
    name_rule{"final_norm", "ln_f"},
    name_rule{.layer = "head", .tensor = "lm_head", .prefixed = false},
};

inline constexpr std::array<std::string_view, 2> gpt_neo_ignored{"h.*.attn.attention.bias",
                                                                 "h.*.attn.attention.masked_bias"};

}  // namespace detail

/// Hugging Face names of GPT-Neo.
inline constexpr name_map gpt_neo_names{detail::gpt_neo_rules, detail::gpt_neo_ignored};

}  // namespace constformer

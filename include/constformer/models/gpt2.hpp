#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

// The four linears of a block are Conv1D layers: weights (in, out); query, key and value are one of them.
inline constexpr std::array gpt2_rules{
    name_rule{"tokens", "wte"},
    name_rule{"positions", "wpe"},
    name_rule{"blocks.*.attention_norm", "h.*.ln_1"},
    name_rule{"blocks.*.attention.query", "h.*.attn.c_attn", 0, true},
    name_rule{"blocks.*.attention.key", "h.*.attn.c_attn", 1, true},
    name_rule{"blocks.*.attention.value", "h.*.attn.c_attn", 2, true},
    name_rule{"blocks.*.attention.output", "h.*.attn.c_proj", 0, true},
    name_rule{"blocks.*.ffn_norm", "h.*.ln_2"},
    name_rule{"blocks.*.ffn.up", "h.*.mlp.c_fc", 0, true},
    name_rule{"blocks.*.ffn.down", "h.*.mlp.c_proj", 0, true},
    name_rule{"final_norm", "ln_f"},
    name_rule{.layer = "head", .tensor = "lm_head", .prefixed = false},
};

inline constexpr std::array<std::string_view, 2> gpt2_ignored{"h.*.attn.bias", "h.*.attn.masked_bias"};

}  // namespace detail

/// Hugging Face names of GPT-2.
inline constexpr name_map gpt2_names{detail::gpt2_rules, detail::gpt2_ignored};

}  // namespace constformer

#pragma once

#include <array>

#include "constformer/models/llama.hpp"
#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

// Llama's names but for the norms: post_attention_layernorm is on what attention gives, not on what the feed-forward
// layer reads.
inline constexpr auto gemma2_rules =
    joined(changed(llama_rules, std::array{name_rule{"blocks.*.ffn_norm", "layers.*.pre_feedforward_layernorm"}}),
           std::array{name_rule{"blocks.*.attention_out_norm", "layers.*.post_attention_layernorm"},
                      name_rule{"blocks.*.ffn_out_norm", "layers.*.post_feedforward_layernorm"}});

}  // namespace detail

/// Hugging Face names of Gemma 2.
inline constexpr name_map gemma2_names{detail::gemma2_rules, detail::llama_ignored};

}  // namespace constformer

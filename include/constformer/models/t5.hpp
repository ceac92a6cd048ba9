#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

// The halves of a block are a list: 0 is self-attention, the last one is feed-forward. The first block owns the table
// of distances.
inline constexpr std::array t5_rules{
    name_rule{"decoder.tokens", "shared"},
    name_rule{"encoder.relative", "encoder.block.0.layer.0.SelfAttention.relative_attention_bias"},
    name_rule{"encoder.blocks.*.attention_norm", "encoder.block.*.layer.0.layer_norm"},
    name_rule{"encoder.blocks.*.attention.query", "encoder.block.*.layer.0.SelfAttention.q"},
    name_rule{"encoder.blocks.*.attention.key", "encoder.block.*.layer.0.SelfAttention.k"},
    name_rule{"encoder.blocks.*.attention.value", "encoder.block.*.layer.0.SelfAttention.v"},
    name_rule{"encoder.blocks.*.attention.output", "encoder.block.*.layer.0.SelfAttention.o"},
    name_rule{"encoder.blocks.*.ffn_norm", "encoder.block.*.layer.1.layer_norm"},
    name_rule{"encoder.blocks.*.ffn.up", "encoder.block.*.layer.1.DenseReluDense.wi"},
    name_rule{"encoder.blocks.*.ffn.down", "encoder.block.*.layer.1.DenseReluDense.wo"},
    name_rule{"encoder.final_norm", "encoder.final_layer_norm"},
    name_rule{"decoder.relative", "decoder.block.0.layer.0.SelfAttention.relative_attention_bias"},
    name_rule{"decoder.blocks.*.attention_norm", "decoder.block.*.layer.0.layer_norm"},
    name_rule{"decoder.blocks.*.attention.query", "decoder.block.*.layer.0.SelfAttention.q"},
    name_rule{"decoder.blocks.*.attention.key", "decoder.block.*.layer.0.SelfAttention.k"},
    name_rule{"decoder.blocks.*.attention.value", "decoder.block.*.layer.0.SelfAttention.v"},
    name_rule{"decoder.blocks.*.attention.output", "decoder.block.*.layer.0.SelfAttention.o"},
    name_rule{"decoder.blocks.*.cross_norm", "decoder.block.*.layer.1.layer_norm"},
    name_rule{"decoder.blocks.*.cross.query", "decoder.block.*.layer.1.EncDecAttention.q"},
    name_rule{"decoder.blocks.*.cross.key", "decoder.block.*.layer.1.EncDecAttention.k"},
    name_rule{"decoder.blocks.*.cross.value", "decoder.block.*.layer.1.EncDecAttention.v"},
    name_rule{"decoder.blocks.*.cross.output", "decoder.block.*.layer.1.EncDecAttention.o"},
    name_rule{"decoder.blocks.*.ffn_norm", "decoder.block.*.layer.2.layer_norm"},
    name_rule{"decoder.blocks.*.ffn.up", "decoder.block.*.layer.2.DenseReluDense.wi"},
    name_rule{"decoder.blocks.*.ffn.down", "decoder.block.*.layer.2.DenseReluDense.wo"},
    name_rule{"decoder.final_norm", "decoder.final_layer_norm"},
    name_rule{"decoder.head", "lm_head"},
};

// Copies of the shared embedding, and a table that the first release saved for cross-attention and never read.
inline constexpr std::array<std::string_view, 3> t5_ignored{
    "encoder.embed_tokens.weight", "decoder.embed_tokens.weight",
    "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"};

// With a gate there are wi_0 and wi_1 instead of wi.
constexpr auto make_t5_v1_1_rules() {
  std::array<name_rule, t5_rules.size() + 2> rules{};
  std::copy(t5_rules.begin(), t5_rules.end(), rules.begin());
  for (name_rule& rule : rules) {
    if (rule.layer == "encoder.blocks.*.ffn.up") rule.tensor = "encoder.block.*.layer.1.DenseReluDense.wi_1";
    if (rule.layer == "decoder.blocks.*.ffn.up") rule.tensor = "decoder.block.*.layer.2.DenseReluDense.wi_1";
  }
  rules[t5_rules.size()] = {"encoder.blocks.*.ffn.gate", "encoder.block.*.layer.1.DenseReluDense.wi_0"};
  rules[t5_rules.size() + 1] = {"decoder.blocks.*.ffn.gate", "decoder.block.*.layer.2.DenseReluDense.wi_0"};
  return rules;
}
inline constexpr auto t5_v1_1_rules = make_t5_v1_1_rules();

}  // namespace detail

/// Hugging Face names of T5 1.0.
inline constexpr name_map t5_names{detail::t5_rules, detail::t5_ignored};

/// Hugging Face names of T5 1.1 and other gated ones.
inline constexpr name_map t5_v1_1_names{detail::t5_v1_1_rules, detail::t5_ignored};

}  // namespace constformer

#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr std::array marian_rules{
    name_rule{"encoder.blocks.*.attention.query", "encoder.layers.*.self_attn.q_proj"},
    name_rule{"encoder.blocks.*.attention.key", "encoder.layers.*.self_attn.k_proj"},
    name_rule{"encoder.blocks.*.attention.value", "encoder.layers.*.self_attn.v_proj"},
    name_rule{"encoder.blocks.*.attention.output", "encoder.layers.*.self_attn.out_proj"},
    name_rule{"encoder.blocks.*.attention_norm", "encoder.layers.*.self_attn_layer_norm"},
    name_rule{"encoder.blocks.*.ffn.up", "encoder.layers.*.fc1"},
    name_rule{"encoder.blocks.*.ffn.down", "encoder.layers.*.fc2"},
    name_rule{"encoder.blocks.*.ffn_norm", "encoder.layers.*.final_layer_norm"},
    name_rule{"decoder.tokens", "shared"},
    name_rule{"decoder.blocks.*.attention.query", "decoder.layers.*.self_attn.q_proj"},
    name_rule{"decoder.blocks.*.attention.key", "decoder.layers.*.self_attn.k_proj"},
    name_rule{"decoder.blocks.*.attention.value", "decoder.layers.*.self_attn.v_proj"},
    name_rule{"decoder.blocks.*.attention.output", "decoder.layers.*.self_attn.out_proj"},
    name_rule{"decoder.blocks.*.attention_norm", "decoder.layers.*.self_attn_layer_norm"},
    name_rule{"decoder.blocks.*.cross.query", "decoder.layers.*.encoder_attn.q_proj"},
    name_rule{"decoder.blocks.*.cross.key", "decoder.layers.*.encoder_attn.k_proj"},
    name_rule{"decoder.blocks.*.cross.value", "decoder.layers.*.encoder_attn.v_proj"},
    name_rule{"decoder.blocks.*.cross.output", "decoder.layers.*.encoder_attn.out_proj"},
    name_rule{"decoder.blocks.*.cross_norm", "decoder.layers.*.encoder_attn_layer_norm"},
    name_rule{"decoder.blocks.*.ffn.up", "decoder.layers.*.fc1"},
    name_rule{"decoder.blocks.*.ffn.down", "decoder.layers.*.fc2"},
    name_rule{"decoder.blocks.*.ffn_norm", "decoder.layers.*.final_layer_norm"},
    name_rule{.layer = "decoder.head.weight", .tensor = "lm_head.weight", .prefixed = false},
    name_rule{.layer = "decoder.head.bias", .tensor = "final_logits_bias", .prefixed = false},
};

// Copies of the shared embedding, and tables of sines and cosines.
inline constexpr std::array<std::string_view, 4> marian_ignored{
    "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "encoder.embed_positions.weight",
    "decoder.embed_positions.weight"};

// Where source and target have embeddings of their own, there is no shared one.
inline constexpr auto marian_separate_rules =
    joined(changed(marian_rules, std::array{name_rule{"decoder.tokens", "decoder.embed_tokens"}}),
           std::array{name_rule{"encoder.tokens", "encoder.embed_tokens"}});
inline constexpr std::array<std::string_view, 2> marian_separate_ignored{"encoder.embed_positions.weight",
                                                                         "decoder.embed_positions.weight"};

}  // namespace detail

/// Hugging Face names of Marian with one embedding for both sides.
inline constexpr name_map marian_names{detail::marian_rules, detail::marian_ignored};

/// The same with an embedding for each side (share_encoder_decoder_embeddings: false).
inline constexpr name_map marian_separate_names{detail::marian_separate_rules, detail::marian_separate_ignored};

}  // namespace constformer

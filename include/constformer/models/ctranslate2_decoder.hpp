#pragma once

#include <array>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

// The reader puts dots for slashes, and weight and bias for gamma and beta.
inline constexpr std::array ctranslate2_gated_rules{
    name_rule{"tokens", "decoder.embeddings"},
    name_rule{"positions.weight", "decoder.position_encodings.encodings"},
    name_rule{"embedding_norm", "decoder.layernorm_embedding"},
    name_rule{"final_norm", "decoder.layer_norm"},
    name_rule{"blocks.*.attention_norm", "decoder.layer_*.self_attention.layer_norm"},
    name_rule{"blocks.*.attention.query", "decoder.layer_*.self_attention.linear_0", 0},
    name_rule{"blocks.*.attention.key", "decoder.layer_*.self_attention.linear_0", 1},
    name_rule{"blocks.*.attention.value", "decoder.layer_*.self_attention.linear_0", 2},
    name_rule{"blocks.*.attention.query_norm", "decoder.layer_*.self_attention.q_norm"},
    name_rule{"blocks.*.attention.key_norm", "decoder.layer_*.self_attention.k_norm"},
    name_rule{"blocks.*.attention.output", "decoder.layer_*.self_attention.linear_1"},
    name_rule{"blocks.*.ffn_norm", "decoder.layer_*.ffn.layer_norm"},
    name_rule{"blocks.*.ffn.gate", "decoder.layer_*.ffn.linear_0"},
    name_rule{"blocks.*.ffn.up", "decoder.layer_*.ffn.linear_0_noact"},
    name_rule{"blocks.*.ffn.down", "decoder.layer_*.ffn.linear_1"},
    name_rule{"head", "decoder.projection"},
};

inline constexpr auto ctranslate2_rules =
    changed(ctranslate2_gated_rules, std::array{name_rule{"blocks.*.ffn.up", "decoder.layer_*.ffn.linear_0"}});

inline constexpr auto ctranslate2_parallel_rules =
    changed(ctranslate2_rules, std::array{name_rule{"blocks.*.attention_norm", "decoder.layer_*.input_layer_norm"},
                                          name_rule{"blocks.*.ffn_norm", "decoder.layer_*.post_attention_layer_norm"}});

}  // namespace detail

/// Names of CTranslate2's decoders alone.
inline constexpr name_map ctranslate2_decoder_names{detail::ctranslate2_rules, {}};

/// The same with a gate in the feed-forward layers.
inline constexpr name_map ctranslate2_gated_decoder_names{detail::ctranslate2_gated_rules, {}};

/// The same where both halves of a block have one input.
inline constexpr name_map ctranslate2_parallel_decoder_names{detail::ctranslate2_parallel_rules, {}};

}  // namespace constformer

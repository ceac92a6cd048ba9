#pragma once

#include <array>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

// The reader puts dots for slashes, and weight and bias for gamma and beta.
inline constexpr std::array opennmt_gated_rules{
    name_rule{"encoder.tokens", "encoder.embeddings"},
    name_rule{"encoder.positions.weight", "encoder.position_encodings.encodings"},
    name_rule{"encoder.embedding_norm", "encoder.layernorm_embedding"},
    name_rule{"encoder.final_norm", "encoder.layer_norm"},
    name_rule{"encoder.blocks.*.attention_norm", "encoder.layer_*.self_attention.layer_norm"},
    name_rule{"encoder.blocks.*.attention.query", "encoder.layer_*.self_attention.linear_0", 0},
    name_rule{"encoder.blocks.*.attention.key", "encoder.layer_*.self_attention.linear_0", 1},
    name_rule{"encoder.blocks.*.attention.value", "encoder.layer_*.self_attention.linear_0", 2},
    name_rule{"encoder.blocks.*.attention.output", "encoder.layer_*.self_attention.linear_1"},
    name_rule{"encoder.blocks.*.ffn_norm", "encoder.layer_*.ffn.layer_norm"},
    name_rule{"encoder.blocks.*.ffn.gate", "encoder.layer_*.ffn.linear_0"},
    name_rule{"encoder.blocks.*.ffn.up", "encoder.layer_*.ffn.linear_0_noact"},
    name_rule{"encoder.blocks.*.ffn.down", "encoder.layer_*.ffn.linear_1"},
    name_rule{"decoder.tokens", "decoder.embeddings"},
    name_rule{"decoder.positions.weight", "decoder.position_encodings.encodings"},
    name_rule{"decoder.embedding_norm", "decoder.layernorm_embedding"},
    name_rule{"decoder.final_norm", "decoder.layer_norm"},
    name_rule{"decoder.blocks.*.attention_norm", "decoder.layer_*.self_attention.layer_norm"},
    name_rule{"decoder.blocks.*.attention.query", "decoder.layer_*.self_attention.linear_0", 0},
    name_rule{"decoder.blocks.*.attention.key", "decoder.layer_*.self_attention.linear_0", 1},
    name_rule{"decoder.blocks.*.attention.value", "decoder.layer_*.self_attention.linear_0", 2},
    name_rule{"decoder.blocks.*.attention.output", "decoder.layer_*.self_attention.linear_1"},
    name_rule{"decoder.blocks.*.cross_norm", "decoder.layer_*.attention.layer_norm"},
    name_rule{"decoder.blocks.*.cross.query", "decoder.layer_*.attention.linear_0"},
    name_rule{"decoder.blocks.*.cross.key", "decoder.layer_*.attention.linear_1", 0},
    name_rule{"decoder.blocks.*.cross.value", "decoder.layer_*.attention.linear_1", 1},
    name_rule{"decoder.blocks.*.cross.output", "decoder.layer_*.attention.linear_2"},
    name_rule{"decoder.blocks.*.ffn_norm", "decoder.layer_*.ffn.layer_norm"},
    name_rule{"decoder.blocks.*.ffn.gate", "decoder.layer_*.ffn.linear_0"},
    name_rule{"decoder.blocks.*.ffn.up", "decoder.layer_*.ffn.linear_0_noact"},
    name_rule{"decoder.blocks.*.ffn.down", "decoder.layer_*.ffn.linear_1"},
    name_rule{"decoder.head", "decoder.projection"},
};

inline constexpr auto opennmt_rules =
    changed(opennmt_gated_rules, std::array{name_rule{"encoder.blocks.*.ffn.up", "encoder.layer_*.ffn.linear_0"},
                                            name_rule{"decoder.blocks.*.ffn.up", "decoder.layer_*.ffn.linear_0"}});

}  // namespace detail

/// Names of CTranslate2's sequence-to-sequence models.
inline constexpr name_map opennmt_names{detail::opennmt_rules, {}};

/// The same with a gate in the feed-forward layers.
inline constexpr name_map opennmt_gated_names{detail::opennmt_gated_rules, {}};

}  // namespace constformer

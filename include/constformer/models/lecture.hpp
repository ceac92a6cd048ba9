#pragma once

#include <array>
#include <span>
#include <string_view>

#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

// The reader puts weight for alpha.
inline constexpr std::array lecture_rules{
    name_rule{"encoder.tokens", "encoder.embed.embed"},
    name_rule{"encoder.positions.weight", "encoder.pe.pe"},
    name_rule{"encoder.blocks.*.attention_norm", "encoder.layers.*.norm_1"},
    name_rule{"encoder.blocks.*.attention.query", "encoder.layers.*.attn.q_linear"},
    name_rule{"encoder.blocks.*.attention.key", "encoder.layers.*.attn.k_linear"},
    name_rule{"encoder.blocks.*.attention.value", "encoder.layers.*.attn.v_linear"},
    name_rule{"encoder.blocks.*.attention.output", "encoder.layers.*.attn.out"},
    name_rule{"encoder.blocks.*.ffn_norm", "encoder.layers.*.norm_2"},
    name_rule{"encoder.blocks.*.ffn.up", "encoder.layers.*.ff.linear_1"},
    name_rule{"encoder.blocks.*.ffn.down", "encoder.layers.*.ff.linear_2"},
    name_rule{"encoder.final_norm", "encoder.norm"},
    name_rule{"decoder.tokens", "decoder.embed.embed"},
    name_rule{"decoder.positions.weight", "decoder.pe.pe"},
    name_rule{"decoder.blocks.*.attention_norm", "decoder.layers.*.norm_1"},
    name_rule{"decoder.blocks.*.attention.query", "decoder.layers.*.attn_1.q_linear"},
    name_rule{"decoder.blocks.*.attention.key", "decoder.layers.*.attn_1.k_linear"},
    name_rule{"decoder.blocks.*.attention.value", "decoder.layers.*.attn_1.v_linear"},
    name_rule{"decoder.blocks.*.attention.output", "decoder.layers.*.attn_1.out"},
    name_rule{"decoder.blocks.*.cross_norm", "decoder.layers.*.norm_2"},
    name_rule{"decoder.blocks.*.cross.query", "decoder.layers.*.attn_2.q_linear"},
    name_rule{"decoder.blocks.*.cross.key", "decoder.layers.*.attn_2.k_linear"},
    name_rule{"decoder.blocks.*.cross.value", "decoder.layers.*.attn_2.v_linear"},
    name_rule{"decoder.blocks.*.cross.output", "decoder.layers.*.attn_2.out"},
    name_rule{"decoder.blocks.*.ffn_norm", "decoder.layers.*.norm_3"},
    name_rule{"decoder.blocks.*.ffn.up", "decoder.layers.*.ff.linear_1"},
    name_rule{"decoder.blocks.*.ffn.down", "decoder.layers.*.ff.linear_2"},
    name_rule{"decoder.final_norm", "decoder.norm"},
    name_rule{"decoder.head", "out"},
};

// An embedding that is the decoder's, and tables of positions that the model computes.
inline constexpr std::array<std::string_view, 3> lecture_ignored{"encoder.embed.embed.weight", "encoder.pe.pe",
                                                                 "decoder.pe.pe"};
inline constexpr std::array<std::string_view, 2> lecture_computed{"encoder.pe.pe", "decoder.pe.pe"};
inline constexpr std::array<std::string_view, 1> lecture_shared{"encoder.embed.embed.weight"};

// What a model of this form leaves unread.
constexpr std::span<std::string_view const> lecture_unread(bool shared, bool stored) {
  if (shared && stored) return lecture_shared;
  if (shared) return lecture_ignored;
  if (stored) return {};
  return lecture_computed;
}

}  // namespace detail

/// Names of the lecture code (github.com/SamLynnEvans/Transformer): `Shared` if both sides read one embedding, `Stored`
/// if the table of positions is taken from the file.
template <bool Shared, bool Stored>
inline constexpr name_map lecture_names{detail::lecture_rules, detail::lecture_unread(Shared, Stored)};

}  // namespace constformer

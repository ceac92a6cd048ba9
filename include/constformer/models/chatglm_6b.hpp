#pragma once

#include <array>
#include <string_view>

#include "constformer/models/gpt_neox.hpp"
#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

// GPT-NeoX's blocks under the same names, between other ends.
inline constexpr auto chatglm_6b_rules = changed(
    gpt_neox_rules, std::array{name_rule{"tokens", "word_embeddings"}, name_rule{"final_norm", "final_layernorm"}});

inline constexpr std::array<std::string_view, 1> chatglm_6b_ignored{"layers.*.attention.rotary_emb.inv_freq"};

}  // namespace detail

/// Names of ChatGLM-6B in its own checkpoints.
inline constexpr name_map chatglm_6b_names{detail::chatglm_6b_rules, detail::chatglm_6b_ignored};

}  // namespace constformer

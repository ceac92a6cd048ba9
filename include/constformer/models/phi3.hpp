#pragma once

#include <array>

#include "constformer/models/glm.hpp"
#include "constformer/models/llama.hpp"
#include "constformer/models/name_map.hpp"

namespace constformer {

namespace detail {

inline constexpr auto phi3_rules =
    changed(glm_rules, std::array{name_rule{"blocks.*.attention.query", "layers.*.self_attn.qkv_proj", 0},
                                  name_rule{"blocks.*.attention.key", "layers.*.self_attn.qkv_proj", 1},
                                  name_rule{"blocks.*.attention.value", "layers.*.self_attn.qkv_proj", 2}});

}  // namespace detail

/// Hugging Face names of Phi-3.
inline constexpr name_map phi3_names{detail::phi3_rules, detail::llama_ignored};

}  // namespace constformer

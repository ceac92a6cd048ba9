#pragma once

#include <string_view>

#include "constformer/config/config.hpp"
#include "json.hpp"

namespace constformer {

/// What a family calls its rotary fields outside of rope_parameters, and which part of a head rotates.
struct rope_names {
  std::string_view theta = "rope_theta";                ///< base
  std::string_view fraction = "partial_rotary_factor";  ///< rotating part of a head
  bool su = false;                                      ///< "su" and "yarn" are older names of longrope (Phi-3)
  int original =
      0;  ///< trained context length where it is not beside rope_parameters; 0: inside them, or all positions
  float absent = 0;  ///< the fraction where none is given, an exact one; 0: whole heads, and no other is supported
};

/// The rotary embedding that config.json asks for: rope_parameters (transformers 5), or rope_theta and rope_scaling
/// (before). `head_dim` and `positions` are the model's.
[[nodiscard]] rope_config read_rope(json_fields const& fields, int head_dim, int positions,
                                    rope_names const& names = {});

/// What LongRoPE multiplies cos and sin by in contexts `factor` times longer than trained (arXiv:2402.13753).
[[nodiscard]] float longrope_attention_factor(double factor, int original_positions);

}  // namespace constformer

#pragma once

#include "constformer/config/config.hpp"
#include "json.hpp"

namespace constformer {

/// The rotary embedding that config.json asks for: rope_parameters (transformers 5), or rope_theta and rope_scaling (before).
/// `head_dim` and `positions` are the model's.
[[nodiscard]] rope_config read_rope(json_fields const& fields, int head_dim, int positions);

}  // namespace constformer

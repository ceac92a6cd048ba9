#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "constformer/config/config.hpp"
#include "constformer/layers/adapter_options.hpp"
#include "constformer/models/name_map.hpp"
#include "lora_settings.hpp"

namespace constformer::train {

/// The layers of which what stands at `path`, `blocks.*.attention.query.adapter` or
/// `blocks.*.attention.qkv_adapter`, is the adapter: `blocks.*.attention.query`, or each of three.
[[nodiscard]] std::vector<std::string> adapted_layers(std::string_view path);

/// The targets that adapters have if nobody says: PEFT's for most families, those of queries and values.
[[nodiscard]] std::vector<std::string> usual_targets(config const& model);

/// Which layers of `model` the targets are, as PEFT takes them: a target is the end of a module's name in the family's
/// files. Throws `error` if one is no layer's, or of a layer that takes no adapter.
[[nodiscard]] adapter_options adapters_of(config const& model, lora_settings const& settings);

/// Whether the family's files hold the adapted layers as (in, out): PEFT's fan_in_fan_out.
[[nodiscard]] bool is_fan_in_fan_out(config const& model, lora_settings const& settings);

}  // namespace constformer::train

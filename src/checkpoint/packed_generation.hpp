#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "constformer/checkpoint/generation_defaults.hpp"

namespace constformer::packed {

/// What is stated, under transformers' names, with `from` in front.
[[nodiscard]] nlohmann::ordered_json generation_json(generation_defaults const& defaults);

/// What `generation_json` wrote; throws `error` naming `place` and the field if it did not.
[[nodiscard]] generation_defaults read_generation(nlohmann::json const& value, std::string const& place);

}  // namespace constformer::packed

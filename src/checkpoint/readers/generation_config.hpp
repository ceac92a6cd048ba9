#pragma once

#include <string>
#include <string_view>

#include "constformer/checkpoint/generation_defaults.hpp"
#include "json.hpp"

namespace constformer {

/// What generation_config.json, or a config.json that has none beside it, says about generating. Ids outside the
/// vocabulary are left out, and bad words that hold one. What the program does not do as transformers would, and what is
/// out of bounds, is refused by name; `from` names the file.
[[nodiscard]] generation_defaults read_generation_defaults(json_fields const& fields, std::string from, int vocab);

/// What becomes of an attribute of transformers' GenerationConfig.
enum class generation_key { read, refused_unless_neutral, without_effect, unknown };

/// The place of an attribute among them. Those that the class does not have are unknown: transformers keeps them and
/// looks at none.
[[nodiscard]] generation_key standing_of(std::string_view attribute);

/// Why an attribute without effect has none; empty for the others.
[[nodiscard]] std::string_view reason_of(std::string_view attribute);

}  // namespace constformer

#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/open.hpp"

namespace constformer::command {

/// Everything `inspect --json` prints: path, format, family, counts and costs, special ids, tokenizer files, config,
/// tensors.
[[nodiscard]] nlohmann::ordered_json describe_checkpoint(checkpoint const& opened);

/// The same for people.
[[nodiscard]] std::string describe_as_text(nlohmann::ordered_json const& description);

}  // namespace constformer::command

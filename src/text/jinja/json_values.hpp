#pragma once

#include <nlohmann/json.hpp>

#include "text/jinja/evaluation.hpp"

namespace constformer::jinja {

/// A JSON value as Python's json.loads gives it. `told` marks its texts as the conversation's, but for what stands
/// under the key "role".
[[nodiscard]] value value_of(evaluation& e, nlohmann::ordered_json const& json, bool told);

}  // namespace constformer::jinja

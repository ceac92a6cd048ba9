#pragma once

#include <nlohmann/json.hpp>

#include "constformer/config/config.hpp"

namespace constformer::program {

/// Every field of the config under its own name, enumerators by theirs, `rope` as an object.
nlohmann::ordered_json hyperparameters(config const& c);

/// What the config of a model of one's own says.
nlohmann::ordered_json traced_hyperparameters(config const& c);

}  // namespace constformer::program

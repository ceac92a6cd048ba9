#pragma once

#include "constformer/config/config.hpp"
#include "json.hpp"

// The config that the config.json of an encoder-decoder model asks for. They refuse what `config` cannot say; `first_misfit` judges
// the result.

namespace constformer {

[[nodiscard]] config read_t5(json_fields const& fields);

}  // namespace constformer

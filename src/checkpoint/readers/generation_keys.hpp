#pragma once

#include "json.hpp"

namespace constformer {

/// Refuses attributes of transformers' GenerationConfig that would choose other tokens in a way the program has not.
void refuse_other_generation(json_fields const& fields);

}  // namespace constformer

#pragma once

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/embedding.hpp"

namespace constformer::program {

/// What `info` and `inspect` show of embeddings.
nlohmann::ordered_json describe_embedding(embedding_recipe const& recipe, int max_sequence);

}  // namespace constformer::program

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "constformer/generate/session.hpp"

namespace constformer::program {

/// How hidden states (tokens, d_model) become one vector (d_model); the names are those of sentence-transformers,
/// shortened.
enum class pooling { mean, cls, last, max, mean_sqrt_len, weighted_mean, pooler, none };

/// The pooling of that name, if there is one.
std::optional<pooling> pooling_from(std::string_view name);

/// The rows (…, width) that `how` makes of the sequence that `model` encoded last, whose hidden states are `hidden`.
std::vector<float> pooled(session& model, std::span<float const> hidden, pooling how, std::size_t width);

/// Scales each row to length 1; rows shorter than 1e-12 keep their direction and get shorter
/// (torch.nn.functional.normalize).
void normalize_rows(std::span<float> rows, std::size_t width);

}  // namespace constformer::program

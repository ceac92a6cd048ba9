#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "constformer/checkpoint/embedding.hpp"

namespace constformer::program {

/// Rows of equal length; one after pooling.
struct embedded_rows {
  std::vector<float> values;  ///< (rows, width)
  std::size_t width;
  bool pooled = false;
};

/// What the model's own pooler makes of the text, for steps that ask for it.
using pooler_output = std::function<std::span<float const>()>;

/// Takes `rows`, the hidden states (tokens, width) of a text, through the steps; the first `skipped` are those of a
/// prompt. `weights` is the section modules. In plain code with sums in double: a text has few rows. Throws `error` if
/// a step does not fit what it is given, or the section.
void run_steps(std::span<embedding_step const> steps, std::span<std::byte const> weights, pooler_output const& pooler,
               std::size_t skipped, embedded_rows& rows);

}  // namespace constformer::program

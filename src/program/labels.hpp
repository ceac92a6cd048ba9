#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "context.hpp"

namespace constformer::program {

/// What the scores of one row mean: each label by itself, or one among them all; a single score is left as it is.
[[nodiscard]] std::vector<float> probabilities(std::span<float const> scores, bool several);

/// What the checkpoint calls a label, or LABEL_ and its number.
[[nodiscard]] std::string name_of_label(program_context const& context, std::size_t label);

}  // namespace constformer::program

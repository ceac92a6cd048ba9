#pragma once

#include <array>

#include "constformer/kernels/adamw.hpp"
#include "constformer/train/groups.hpp"

namespace constformer {

/// What nanoGPT, llama2.c and most others do: matrices and embeddings decay, scales and biases do not.
inline constexpr std::array usual_groups{
    parameter_group<adamw_options>{"matrices", is_matrix, {.decay = 0.1}},
    parameter_group<adamw_options>{"vectors", is_vector, {.decay = 0.0}},
};

}  // namespace constformer

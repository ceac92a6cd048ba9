#pragma once

#include <string>
#include <vector>

#include "constformer/config/config.hpp"

namespace constformer::train {

/// Whether nanoGPT's model.py computes `model`: GPT-2 with erf GELU, tied, with biases or without.
[[nodiscard]] bool is_nanogpt(config const& model);

/// The parameters of nanoGPT's model in the order of its state_dict, without the tied head.
[[nodiscard]] std::vector<std::string> nanogpt_parameters(config const& model);

/// The same in the order of its optimizer, as configure_optimizers groups them: matrices, which decay, then vectors.
struct nanogpt_groups {
  std::vector<std::string> matrices;  ///< numbered from 0
  std::vector<std::string> vectors;   ///< numbered from behind these
};

/// @copydoc nanogpt_groups
[[nodiscard]] nanogpt_groups nanogpt_groups_of(config const& model);

}  // namespace constformer::train

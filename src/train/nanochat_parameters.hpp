#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "constformer/train/learner.hpp"

namespace constformer::train {

/// One tensor of a nanochat model.
struct nanochat_parameter {
  std::string name;  ///< nanochat's
  int entry = 0;     ///< of the parameter table
  int layer = 0;     ///< of that entry
  int rows = 0;      ///< as it is here, where tables have a row for each token
  int cols = 0;      ///< 0: a vector
};

/// A group of nanochat's optimizer: parameters that it moves alike, and of Muon's all of one shape.
struct nanochat_group {
  std::string_view ours;  ///< the group of `optimizer_groups::nanochat_muon` that has them
  bool muon = false;      ///< moved by Muon, not by AdamW
  std::vector<nanochat_parameter> parameters;
};

/// Whether a tensor of that name is a table of the vocabulary, whose rows nanochat pads.
[[nodiscard]] bool is_nanochat_table(std::string_view name);
/// The rows that nanochat gives such a table.
[[nodiscard]] int nanochat_rows(int vocab);

/// The groups of setup_optimizer in nanochat's gpt.py (commit 92d63d4), parameters in its order; empty if the model is
/// not that of July 2026.
[[nodiscard]] std::vector<nanochat_group> nanochat_groups_of(learner_facts const& facts);

}  // namespace constformer::train

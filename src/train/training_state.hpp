#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "constformer/execute/ragged_batch.hpp"
#include "constformer/train/learner.hpp"
#include "constformer/train/torch_generator.hpp"

namespace constformer::train {

/// Where a run stands, beside what the learner holds: enough to go on as if nothing had happened.
struct run_position {
  std::int64_t step = 0;           ///< updates that were made
  bool evaluated = false;          ///< at this step
  double best = 0.0;               ///< lowest loss of validation so far; 0: none
  double bits_per_byte = 0.0;      ///< of the last evaluation that counted them; 0: none
  torch_generator random{0};       ///< that all draw from
  std::string train;               ///< of the training batches
  std::string validation;          ///< of those of validation; empty: there are none
  ragged_batch pending{};          ///< the batch that comes next: nanoGPT draws it before it evaluates
  double running_loss = 0.0;       ///< sum of losses since the last evaluation
  std::int64_t running_count = 0;  ///< how many
};

/// Writes parameters that learn, the optimizer's state and `at` to one safetensors file, atomically: its tensors are as
/// they lie, the rest is JSON in its metadata.
void save_state(std::filesystem::path const& file, learner_facts const& facts, learner& model, run_position const& at);

/// Goes on from there; what does not learn is there already. Throws `error` if it is damaged or of another model.
void load_state(std::filesystem::path const& file, learner_facts const& facts, learner& model, run_position& at);

}  // namespace constformer::train

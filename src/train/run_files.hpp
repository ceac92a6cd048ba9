#pragma once

#include <filesystem>

#include "constformer/text/tokenizer.hpp"
#include "constformer/train/learner.hpp"
#include "settings.hpp"
#include "training_state.hpp"

namespace constformer::train {

/// Gives a model the parameters that a run begins with: drawn, or those of the checkpoint it starts from; adapters come
/// to that one's. Of a checkpoint of nanoGPT or nanochat that is resumed the optimizer and the steps go on, too.
void begin_parameters(learner_facts const& facts, run_settings const& settings, learner& model, run_position& at);

/// Whether the state of a run does not hold all that `begin_parameters` gives.
[[nodiscard]] bool begins_again(run_settings const& settings);

/// Writes what a run leaves for others: the model, or its adapters; what is averaged is what is written. `text` may be
/// null.
void write_run(std::filesystem::path const& folder, learner_facts const& facts, run_settings const& settings,
               learner& model, run_position const& at, tokenizer const* text);

}  // namespace constformer::train

#pragma once

#include <filesystem>

#include "constformer/train/learner.hpp"
#include "settings.hpp"
#include "training_state.hpp"

namespace constformer::train {

/// Writes the ckpt.pt that nanoGPT's train.py resumes: weights, the state of AdamW, model_args, iter_num,
/// best_val_loss, config. Throws `error` if another optimizer moves the parameters.
void write_nanogpt(std::filesystem::path const& file, learner_facts const& facts, learner& from,
                   run_settings const& settings, run_position const& at);

/// Goes on where such a file, nanoGPT's own or ours, stands: weights, the state of AdamW, steps, best loss. Throws
/// `error` if something is missing or of another shape.
void read_nanogpt(std::filesystem::path const& file, learner_facts const& facts, learner& to, run_position& at);

}  // namespace constformer::train

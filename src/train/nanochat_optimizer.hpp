#pragma once

#include <filesystem>

#include "constformer/train/learner.hpp"
#include "settings.hpp"
#include "training_state.hpp"

namespace constformer::train {

/// Whether a run leaves nanochat's optimizer: today's model, moved by today's Muon.
[[nodiscard]] bool has_nanochat_optimizer(learner_facts const& facts, run_settings const& settings);

/// Writes optim_NNNNNN_rank0.pt as nanochat's checkpoint_manager does: states and groups of its MuonAdamW.
void write_nanochat_optimizer(std::filesystem::path const& file, learner_facts const& facts, learner& from,
                              run_settings const& settings, run_position const& at);

/// Goes on where model_NNNNNN.pt and what lies beside it stand, nanochat's own or ours, of one process: weights, states
/// of the optimizer, steps. Throws `error` if something is missing or of another shape.
void read_nanochat(std::filesystem::path const& model, learner_facts const& facts, learner& to, run_position& at);

}  // namespace constformer::train

#pragma once

#include <filesystem>

#include "constformer/train/learner.hpp"
#include "settings.hpp"

namespace constformer::train {

/// Where a run keeps what it needs, in the folder of its model: settings, state, sources of the trainer, tokens of texts.
inline constexpr char const* run_folder = "run";
/// What of it a run goes on from.
inline constexpr char const* state_name = "state.safetensors";

/// Trains in `folder` until all steps are made or a signal comes; goes on where the
/// folder's state stands. Returns the status to exit with: 0, or 128 and the signal. Throws `error` with one sentence.
int run_training(learner_unit const& unit, run_settings const& settings, std::filesystem::path const& folder);

}  // namespace constformer::train

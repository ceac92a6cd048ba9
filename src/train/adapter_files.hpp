#pragma once

#include <filesystem>

#include "constformer/train/learner.hpp"
#include "settings.hpp"

namespace constformer::train {

/// Writes the adapters of `from` to a folder as PEFT does: adapter_config.json and adapter_model.safetensors, for the
/// layers of the Hugging Face form of the model.
void write_adapters(std::filesystem::path const& folder, learner_facts const& facts, learner& from,
                    run_settings const& settings);

}  // namespace constformer::train

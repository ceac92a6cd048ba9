#pragma once

#include <filesystem>

#include "constformer/train/learner.hpp"

namespace constformer::train {

/// Writes the parameters of `from` to model.safetensors in `folder`, atomically, as the config.json that lies there
/// says: a Hugging Face folder. Where there is none, a model of a config gets one, and a traced one keeps its own
/// names.
void write_model(std::filesystem::path const& folder, learner_facts const& facts, learner& from);

}  // namespace constformer::train

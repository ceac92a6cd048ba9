#pragma once

#include <filesystem>

#include "constformer/text/tokenizer.hpp"
#include "constformer/train/learner.hpp"
#include "settings.hpp"
#include "training_state.hpp"

namespace constformer::train {

/// Writes the parameters of `from` to model.safetensors in `folder`, atomically, as the config.json that lies there
/// says: a Hugging Face folder. Where there is none, a model of a config gets one; a nanochat that transformers has no
/// place for is written as nanochat does, and a traced model keeps its own names. `text` may be null.
void write_model(std::filesystem::path const& folder, learner_facts const& facts, learner& from,
                 run_settings const& settings, run_position const& at, tokenizer const* text);

}  // namespace constformer::train

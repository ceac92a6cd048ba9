#pragma once

#include <filesystem>

#include "constformer/text/tokenizer.hpp"
#include "constformer/train/learner.hpp"
#include "settings.hpp"
#include "training_state.hpp"

namespace constformer::train {

/// Writes a model as nanochat does, model_NNNNNN.pt and meta_NNNNNN.json of the step, beside them optim_NNNNNN_rank0.pt
/// if nanochat's optimizer moves it, and takes away what earlier steps left. The meta file also says what nanochat's
/// leave open: the cap of logits, and by `text`, if there is one, which ids begin and end a text. Throws `error` if
/// nanochat never was like the model.
void write_nanochat(std::filesystem::path const& folder, learner_facts const& facts, learner& from,
                    run_settings const& settings, run_position const& at, tokenizer const* text);

}  // namespace constformer::train

#pragma once

#include <cstdint>
#include <string>

#include "constformer/execute/ragged_batch.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/train/learner.hpp"
#include "settings.hpp"

namespace constformer::train {

/// Text that the model writes after the prompt of `settings`, drawn by its temperature and top_k; `seed` decides. It is
/// cut where the context ends.
[[nodiscard]] std::string sample_text(learner& model, learner_facts const& facts, tokenizer const& tokens,
                                      run_settings const& settings, std::uint64_t seed);

/// What it replies to the beginning of a conversation, up to its first target; question and reply.
[[nodiscard]] std::string sample_reply(learner& model, learner_facts const& facts, tokenizer const& tokens,
                                       batch_sequence const& conversation, run_settings const& settings,
                                       std::uint64_t seed);

}  // namespace constformer::train

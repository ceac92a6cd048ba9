#pragma once

#include <string>

#include "constformer/execute/ragged_batch.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/train/learner.hpp"

namespace constformer::train {

/// What an encoder-decoder makes of the first sources of `pairs`, each token the likeliest: lines of source, target and
/// own text, `most` pairs at most.
[[nodiscard]] std::string translate(learner& model, learner_facts const& facts, tokenizer const& tokens,
                                    ragged_batch const& pairs, int most);

}  // namespace constformer::train

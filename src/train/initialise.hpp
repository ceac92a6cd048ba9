#pragma once

#include <string_view>

#include "constformer/train/learner.hpp"
#include "constformer/train/torch_generator.hpp"

namespace constformer::train {

/// Fills the parameters of `to` with what they begin with. `how`, and in which order numbers are drawn:
///
///     nanogpt   nanoGPT's model.py after torch.manual_seed: the same numbers, to a unit in the last place or two
///     llama2c   llama2.c's model.py, alike
///     nanochat  nanochat's gpt.py, alike
///     bert      N(0, 0.02), nothing beyond two deviations
///     t5        T5's, as transformers has it
///     xavier    U(±√(6/(rows + columns))), the lecture's
///     normal    N(0, 0.02), what ends a half of a block by 1/√(2·layers) of it; norms 1, biases 0: models of one's own
///
/// Empty: what the family's original has. Throws `error` if `how` is none of them or the model lacks what it wants.
void initialise(learner_facts const& facts, std::string_view how, torch_generator& random, learner& to);

}  // namespace constformer::train

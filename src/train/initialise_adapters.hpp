#pragma once

#include "constformer/train/learner.hpp"
#include "constformer/train/torch_generator.hpp"

namespace constformer::train {

/// First values of the adapters of a model, as `peft.get_peft_model` gives them after `torch.manual_seed`: A uniform
/// within ±1/√in, B 0. What their constructors draw before is drawn, too.
void initialise_adapters(learner_facts const& facts, torch_generator& random, learner& to);

}  // namespace constformer::train

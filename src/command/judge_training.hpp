#pragma once

#include "train_model.hpp"
#include "train_options.hpp"

namespace constformer::command {

/// Throws `error` if an option asks for what the model, another option or this machine has no place for.
void judge_training(train_options const& options, train_model const& model);

}  // namespace constformer::command

#pragma once

#include <filesystem>
#include <string>

#include "train_model.hpp"
#include "train_options.hpp"

namespace constformer::command {

/// The Jinja template that conversations are rendered with: the one that --chat-template names, a built-in one or a
/// file, else the checkpoint's own. Empty: the built-in one whose tokens the vocabulary has.
[[nodiscard]] std::string find_training_template(train_options const& options, train_model const& model);

/// Puts a template that was named beside the model, so that what chats with it renders as it was trained.
void put_template(train_options const& options, std::filesystem::path const& folder);

}  // namespace constformer::command

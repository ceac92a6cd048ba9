#pragma once

#include <filesystem>
#include <string>

#include "train_model.hpp"
#include "train_options.hpp"

namespace constformer::command {

/// Writes trainer.cpp, and the model's header if it has no file of its own, to `folder`.
void write_trainer_sources(train_model const& model, train_options const& options, std::filesystem::path const& folder);

/// The trainer of the sources in `folder`: compiled, or found where those that were compiled before are kept,
/// $XDG_CACHE_HOME/constformer/trainers (~/.cache without it). Throws `error` with the compiler's first sentence.
[[nodiscard]] std::filesystem::path build_trainer(std::filesystem::path const& folder, compile_options const& options);

}  // namespace constformer::command

#pragma once

#include <filesystem>
#include <string>

#include "../train/settings.hpp"
#include "train_model.hpp"

namespace CLI {
class App;
}

namespace constformer::command {

/// Adds --format to `train`.
void add_format_option(CLI::App& command, std::string& format);

/// Throws `error` if the format has no place for what is trained.
void require_format(train::run_settings const& run, train_model const& model);

/// Gives the options of `command` what `config` of nanoGPT's ckpt.pt says, but for those that the command line or a
/// recipe named. Throws `error` if the file is none.
void apply_nanogpt_config(CLI::App& command, std::filesystem::path const& checkpoint);

}  // namespace constformer::command

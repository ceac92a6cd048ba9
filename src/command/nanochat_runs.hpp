#pragma once

#include <filesystem>

namespace CLI {
class App;
}

namespace constformer::command {

/// Whether a file is called as nanochat calls a model, with its meta file beside it.
[[nodiscard]] bool is_nanochat_run(std::filesystem::path const& model);

/// Gives the options of `command` what the meta file beside a model_NNNNNN.pt says of its run, and what nanochat's
/// base_train.py has in its code, but for those that the command line or a recipe named.
void apply_nanochat_config(CLI::App& command, std::filesystem::path const& model);

}  // namespace constformer::command

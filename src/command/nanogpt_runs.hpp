#pragma once

#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace constformer::command {

/// Adds --format to `train`.
void add_format_option(CLI::App& command, std::string& format);

/// Gives the options of `command` what `config` of nanoGPT's ckpt.pt says, but for those that the command line or a
/// recipe named. Throws `error` if the file is none.
void apply_nanogpt_config(CLI::App& command, std::filesystem::path const& checkpoint);

}  // namespace constformer::command

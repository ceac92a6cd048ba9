#pragma once

#include <memory>

#include "constformer/checkpoint/open.hpp"

namespace CLI {
class App;
}

namespace constformer::command {

/// Adds to a subcommand what every one that opens a checkpoint takes: PATH, and the options for what files leave open. `path` and
/// `options` are filled when the command line is parsed and must outlive it.
void add_checkpoint_options(CLI::App& command, std::string& path, open_options& options);

}  // namespace constformer::command

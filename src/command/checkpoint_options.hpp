#pragma once

#include <memory>

#include "constformer/checkpoint/open.hpp"

namespace CLI {
class App;
}

namespace constformer::command {

/// Adds to a subcommand the options for what files leave open. `options` is filled when the command line is parsed and
/// must outlive it.
void add_open_options(CLI::App& command, open_options& options);

/// Adds what every subcommand that opens a checkpoint takes: PATH, and the same options.
void add_checkpoint_options(CLI::App& command, std::string& path, open_options& options);

}  // namespace constformer::command

#pragma once

#include <string>
#include <vector>

#include "../train/settings.hpp"
#include "compile.hpp"
#include "constformer/checkpoint/open.hpp"

namespace CLI {
class App;
}

namespace constformer::command {

/// What `constformer train` is told.
struct train_options {
  std::string model;                    ///< a config or a checkpoint
  std::string name;                     ///< of what a header defines; empty: as the file is called
  std::vector<std::string> data;        ///< files and folders
  std::vector<std::string> validation;  ///< alike
  std::string output;                   ///< folder
  std::string resume;                   ///< folder, instead of all else
  std::string recipe;                   ///< name or file; empty: none
  std::string chat_template;            ///< conversations: a built-in one or a file; empty: found
  std::string tokenizer;                ///< "chars", a file or a folder; empty: found
  int block_size = 0;                   ///< tokens of a sequence; 0: as the model says
  int source_size = 0;                  ///< pairs: tokens of a source; 0: as of a sequence
  open_options open;                    ///< of a checkpoint
  compile_options compile;              ///< of the trainer
  train::run_settings run{};            ///< the rest
};

/// Adds them to a subcommand; `options` is filled when it is parsed.
void add_train_options(CLI::App& command, train_options& options);

/// Gives the option of that name (an underscore will do for a hyphen) what one would type behind it, unless it has a
/// value already. False: there is no such option.
bool give_option(CLI::App& command, std::string key, std::string const& word);

/// Gives the options of `command` what the recipe says, but for those that the command line named. `recipe` is one of
/// share/constformer/recipes or a TOML file; its keys are names of options. Throws `error` on a key that is none.
void apply_recipe(CLI::App& command, std::string const& recipe);

}  // namespace constformer::command

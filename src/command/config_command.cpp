#include <filesystem>
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "checkpoint_options.hpp"
#include "commands.hpp"
#include "config_header.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/core/error.hpp"
#include "standard_output.hpp"

namespace constformer::command {

namespace {

struct config_options {
  std::string path;
  open_options open;
  std::string output;
  std::string name;
};

void run_config(config_options const& options) {
  checkpoint const opened = open_checkpoint(options.path, options.open);
  std::string const name = options.name.empty() ? identifier_from(options.path) : options.name;
  if (!is_identifier(name)) throw error("--name " + name + ": is not a name that C++ allows");
  auto const source = std::filesystem::path(options.path).lexically_normal();
  std::string const header =
      config_header(opened.model, name, (source.has_filename() ? source : source.parent_path()).filename().string());
  if (options.output.empty())
    print(header);
  else
    write_file(options.output, header);
}

}  // namespace

void add_config(CLI::App& app) {
  auto const options = std::make_shared<config_options>();
  CLI::App* const command = app.add_subcommand("config", "Writes the C++ config header of a checkpoint");
  add_checkpoint_options(*command, options->path, options->open);
  command->add_option("-o,--output", options->output, "write to FILE instead of standard output")
      ->type_name("FILE.hpp");
  command->add_option("--name", options->name, "name of the config (default: from the folder's name)")
      ->type_name("NAME");
  command->callback([options] { run_config(*options); });
}

}  // namespace constformer::command

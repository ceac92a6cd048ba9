#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "checkpoint_options.hpp"
#include "commands.hpp"
#include "checkpoint/readers/describe.hpp"
#include "checkpoint/readers/missing_data.hpp"
#include "checkpoint/readers/traced_checkpoint.hpp"
#include "compile.hpp"
#include "config_header.hpp"
#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/core/error.hpp"
#include "process.hpp"
#include "sources.hpp"
#include "standard_output.hpp"
#include "toolchain.hpp"
#include "traced_model.hpp"
#include "work_folder.hpp"

namespace constformer::command {

namespace {

struct verify_options {
  std::string path;
  open_options open;
  std::string config;
  std::string name;
  std::string model;  // FILE.hpp[:TYPE] of one of one's own
  std::string compiler;
  std::string sources;
};

// With --shapes-only, a header of safetensors may also stand alone; beside a config.json it is a part of its folder.
checkpoint opened(verify_options const& options) {
  if (!options.model.empty()) return open_traced_checkpoint(options.path, options.open);
  std::filesystem::path const path(options.path);
  std::string const name = path.filename().string();
  bool const usual = name == "model.safetensors" || name == "model.safetensors.index.json";
  if (!options.open.shapes_only || !std::filesystem::is_regular_file(path)) return open_checkpoint(path, options.open);
  std::filesystem::path const folder = path.has_parent_path() ? path.parent_path() : ".";
  if (usual && std::filesystem::exists(folder / "config.json")) return open_checkpoint(folder, options.open);
  if (!is_safetensors(mapped_file(path).bytes())) return open_checkpoint(path, options.open);
  if (options.config.empty())
    throw error(options.path + ": has no config.json beside it, so --config must say what it is to fit");
  return describe_header(path);
}

std::string sizes(checkpoint const& source) {
  std::size_t bytes = 0;
  for (tensor_view const& tensor : source.tensors) bytes += tensor.bytes.size();
  return std::to_string(source.tensors.size()) + " tensors of " + std::to_string(bytes) + " bytes";
}

// The config to check against: the user's header, or the one that the checkpoint asks for.
struct named_config {
  std::string header;
  std::string name;
};

named_config config_for(checkpoint const& source, verify_options const& options, work_folder const& folder) {
  if (!options.config.empty()) {
    if (!std::filesystem::is_regular_file(options.config)) throw error(options.config + ": is not a file");
    if (options.name.empty()) throw error(options.config + ": --name must say which config of it is meant");
    bool const qualified = options.name.find("::") != std::string::npos;
    return {std::filesystem::absolute(options.config).string(),
            qualified ? options.name : "constformer::configs::" + options.name};
  }
  std::string const name = identifier_from(source.path.string());
  write_file(folder.path() / "model_config.hpp",
             config_header(source.model, name, std::filesystem::path(options.path).filename().string()));
  return {"model_config.hpp", "constformer::configs::" + name};
}

// The unit that checks; gives the name of what it checks against.
std::string write_check(checkpoint const& source, verify_options const& options,
                        std::optional<traced_choice> const& own, work_folder const& folder) {
  std::filesystem::path const unit = folder.path() / "check.cpp";
  if (own) {
    std::string const name = identifier_from(source.path.string());
    write_file(folder.path() / "model_config.hpp", traced_header(*own, name));
    write_file(unit, traced_check_unit(source, name, "model_config.hpp"));
    return own->type.substr(2);
  }
  named_config const wanted = config_for(source, options, folder);
  write_file(unit, check_unit(source, wanted.name, wanted.header));
  return wanted.name;
}

void run_verify(verify_options const& options) {
  catch_interrupts();
  std::optional<traced_choice> own;
  if (!options.model.empty()) own = traced_choice_of(options.model);
  checkpoint const source = opened(options);
  bool const whole = options.sources.empty();
  work_folder const folder = whole ? work_folder() : work_folder(std::filesystem::path(options.sources));
  std::string const wanted = write_check(source, options, own, folder);
  compile_options const compile{.compiler = options.compiler, .target = {}, .more = {}};
  if (!whole) return write_file(folder.path() / "check.flags", response_file(check_flags(load_toolchain(), compile)));
  process check(check_line(load_toolchain(), compile, "check.cpp"), folder.path());
  auto const result = check.wait();
  if (result.exit_code != 0) {
    std::string const first = first_error(result.output);
    if (own && traced_error(first, *own) != first) throw error(traced_error(first, *own));
    throw error(options.path + ": " +
                (first.empty() ? "the compiler ended with status " + std::to_string(result.exit_code) : first));
  }
  std::string const found =
      options.open.shapes_only ? sizes(source) : std::to_string(source.tensors.size()) + " tensors";
  print(options.path + ": " + found + " fit " + wanted + "\n");
}

}  // namespace

void add_verify(CLI::App& app) {
  auto const options = std::make_shared<verify_options>();
  CLI::App* const command =
      app.add_subcommand("verify", "Checks the tensors of a checkpoint against a config at compile time");
  add_checkpoint_options(*command, options->path, options->open);
  command->add_option("--config", options->config, "a config header (default: the checkpoint's own)")
      ->type_name("FILE.hpp");
  command->add_option("--name", options->name, "the config's name in it")->type_name("NAME");
  command
      ->add_option("--model", options->model,
                   "a model of your own, as for build; PATH is then the folder of its parameters")
      ->type_name("FILE.hpp[:TYPE]");
  command->add_flag("--shapes-only", options->open.shapes_only,
                    "check the header of a safetensors or GGUF file alone; its data may be missing");
  command->add_option("--compiler", options->compiler, "C++ compiler")->type_name("CXX");
  command
      ->add_option("--sources", options->sources,
                   "write the checking unit and its flags to DIR for a build of your own, instead of checking")
      ->type_name("DIR");
  command->callback([options] { run_verify(*options); });
}

}  // namespace constformer::command

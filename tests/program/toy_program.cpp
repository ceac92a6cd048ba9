#include "toy_program.hpp"

#include <algorithm>
#include <fstream>

#include "toy_model.hpp"

namespace {

namespace fs = std::filesystem;

char const* built(toy_program::kind which) {
  switch (which) {
    case toy_program::kind::decoder: return TOY_DECODER;
    case toy_program::kind::encoder: return TOY_ENCODER;
    case toy_program::kind::embedded: return TOY_EMBEDDED;
    case toy_program::kind::counting: return TOY_COUNTING;
    case toy_program::kind::prefix: return TOY_PREFIX;
  }
  return nullptr;
}

}  // namespace

toy_program::toy_program(kind which, toy::packed_choice const& choice) {
  fs::copy_file(built(which), folder_.path() / "toy");
  if (which != kind::embedded) toy::write_packed(packed(), choice);
}

fs::path toy_program::packed() const { return folder_.path() / toy::packed_name; }

outcome toy_program::run(std::vector<std::string> arguments, process_options const& options) const {
  arguments.insert(arguments.begin(), folder_ / "toy");
  return run_process(arguments, options);
}

outcome toy_program::run_script(std::string const& script, std::vector<std::string> arguments) const {
  process_options options;
  options.environment.push_back("CF_TOY_SCRIPT=" + script);
  return run(std::move(arguments), options);
}

std::string toy_program::with_content(std::string const& name, std::string const& content) const {
  std::ofstream(folder_.path() / name, std::ios::binary) << content;
  return folder_ / name;
}

std::vector<std::string> toy_program::other_files() const {
  std::vector<std::string> names;
  for (auto const& entry : fs::directory_iterator(folder_.path())) names.push_back(entry.path().filename().string());
  std::erase_if(names, [](std::string const& n) { return n == "toy" || n == toy::packed_name; });
  std::ranges::sort(names);
  return names;
}

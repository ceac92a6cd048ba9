#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>

#include <toml++/toml.h>

#include "constformer/core/error.hpp"
#include "toolchain.hpp"
#include "train_options.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

// A file, or one of ours by its name.
fs::path find_recipe(std::string const& recipe) {
  std::error_code unreadable;
  if (recipe.find_first_of("./") != std::string::npos) return recipe;
  fs::path const folder = shared_folder() / "recipes";
  if (fs::path const own = folder / (recipe + ".toml"); fs::is_regular_file(own, unreadable)) return own;
  std::string names;
  for (auto const& entry : fs::directory_iterator(folder, unreadable))
    names += (names.empty() ? "" : ", ") + entry.path().stem().string();
  throw error("--recipe " + recipe + ": is no file, and there is " + (names.empty() ? "none" : names));
}

// Keys are the options' names; where those have a hyphen, an underscore will do.
std::string option_name(std::string key) {
  std::ranges::replace(key, '_', '-');
  return "--" + key;
}

// What one would type behind the option.
std::string word_of(toml::node const& value) {
  if (auto const text = value.value_exact<std::string>()) return *text;
  std::ostringstream out;
  value.visit([&](auto const& v) {
    if constexpr (toml::is_value<decltype(v)>) out << v;
  });
  return out.str();
}

}  // namespace

// Options take the values as they take words of the command line: the same names, ranges and sentences.
void apply_recipe(CLI::App& command, std::string const& recipe) {
  fs::path const file = find_recipe(recipe);
  try {
    for (auto const& [key, value] : toml::parse_file(file.string())) {
      CLI::Option* const option = command.get_option_no_throw(option_name(std::string(key.str())));
      if (option == nullptr || !value.is_value())
        throw error(file.string() + ": " + std::string(key.str()) + " is no option of train");
      if (option->count() > 0) continue;
      option->add_result(word_of(value));
      option->run_callback();
    }
  } catch (toml::parse_error const& wrong) {
    throw error(file.string() + ", line " + std::to_string(wrong.source().begin.line) + ": " +
                std::string(wrong.description()));
  } catch (CLI::ParseError const& wrong) {
    throw error(file.string() + ": " + wrong.what());
  }
}

}  // namespace constformer::command

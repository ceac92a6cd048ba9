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
bool give_option(CLI::App& command, std::string key, std::string const& word) {
  std::ranges::replace(key, '_', '-');
  CLI::Option* const option = command.get_option_no_throw("--" + key);
  if (option == nullptr) return false;
  if (option->count() > 0) return true;
  option->add_result(word);
  option->run_callback();
  return true;
}

void apply_recipe(CLI::App& command, std::string const& recipe) {
  fs::path const file = find_recipe(recipe);
  try {
    for (auto const& [key, value] : toml::parse_file(file.string())) {
      if (!value.is_value() || !give_option(command, std::string(key.str()), word_of(value)))
        throw error(file.string() + ": " + std::string(key.str()) + " is no option of train");
    }
  } catch (toml::parse_error const& wrong) {
    throw error(file.string() + ", line " + std::to_string(wrong.source().begin.line) + ": " +
                std::string(wrong.description()));
  } catch (CLI::ParseError const& wrong) {
    throw error(file.string() + ": " + wrong.what());
  }
}

}  // namespace constformer::command

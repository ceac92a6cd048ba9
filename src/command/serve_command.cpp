#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <xxhash.h>

#include "commands.hpp"
#include "constformer/core/error.hpp"

namespace constformer::command {

namespace {

namespace fs = std::filesystem;

// What of the build may be said here; everything else is for the program.
struct serve_options {
  std::string path;
  std::string draft;               // checkpoint of a smaller model, if one is to guess
  std::string guesses;             // --draft of the program
  std::vector<std::string> build;  // options and their values, as they are handed on
  std::vector<std::string> serve;
};

fs::path own_program() { return fs::read_symlink("/proc/self/exe"); }

// Where programs are kept: $XDG_CACHE_HOME/constformer, or .cache/constformer in the home folder.
fs::path cache_folder() {
  char const* const cache = std::getenv("XDG_CACHE_HOME");
  char const* const home = std::getenv("HOME");
  if (cache != nullptr && *cache != '\0') return fs::path(cache) / "constformer";
  if (home != nullptr && *home != '\0') return fs::path(home) / ".cache" / "constformer";
  throw error("serve: neither XDG_CACHE_HOME nor HOME says where programs may be kept");
}

void add_file(std::string& key, fs::path const& file) {
  auto const changed = fs::last_write_time(file).time_since_epoch();
  key += file.string() + '\n' + std::to_string(fs::file_size(file)) + '\n' +
         std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(changed).count()) + '\n';
}

void add_checkpoint(std::string& key, fs::path const& path) {
  std::vector<fs::path> files;
  if (fs::is_directory(path)) {
    for (auto const& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file()) files.push_back(entry.path());
  } else {
    files.push_back(path);
  }
  std::ranges::sort(files);
  for (auto const& file : files) add_file(key, file);
}

// What a program is made of: the checkpoints' files, this command, and the options.
std::string key_of(serve_options const& options) {
  std::string key;
  add_file(key, own_program());
  add_checkpoint(key, fs::canonical(options.path));
  if (!options.draft.empty()) add_checkpoint(key, fs::canonical(options.draft));
  for (auto const& word : options.build) key += word + '\n';
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(XXH3_64bits(key.data(), key.size())));
  return digits;
}

std::vector<char*> arguments_of(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (auto& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

// The build says on the terminal what it says.
void build(serve_options const& options, fs::path const& program) {
  std::vector<std::string> words{own_program().string(), "build", options.path, "-o", program.string()};
  words.insert(words.end(), options.build.begin(), options.build.end());
  auto const arguments = arguments_of(words);
  ::pid_t child = 0;
  if (int const failed = ::posix_spawn(&child, words.front().c_str(), nullptr, nullptr, arguments.data(), environ);
      failed != 0)
    throw error("serve: the build cannot be started: " + std::generic_category().message(failed));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw error("serve: " + options.path + " could not be built");
}

// --draft of MODEL serve is a word or a number, that of build a checkpoint, whose program guesses 4 tokens at a time
// where no number says otherwise.
void take_draft(serve_options& options, std::string const& value) {
  bool const number = value.find_first_not_of("0123456789") == std::string::npos;
  bool const word = number || value == "none" || value == "lookup";
  if (!word) {
    options.draft = value;
    options.build.insert(options.build.end(), {"--draft", value});
  }
  options.guesses = word ? value : options.guesses.empty() ? "4" : options.guesses;
}

[[noreturn]] void become(fs::path const& program, std::vector<std::string> const& options) {
  std::vector<std::string> words{program.string(), "serve"};
  words.insert(words.end(), options.begin(), options.end());
  auto const arguments = arguments_of(words);
  ::execv(words.front().c_str(), arguments.data());
  throw error(program.string() + ": cannot be started: " + std::generic_category().message(errno));
}

void run_serve(serve_options const& options) {
  for (auto const& path : {options.path, options.draft})
    if (!path.empty() && !fs::exists(path)) throw error(path + ": there is no such file or folder");
  auto const folder = cache_folder() / key_of(options);
  auto const name = fs::canonical(options.path).stem().string();
  auto const program = folder / (name.empty() ? "model" : name);
  if (!fs::exists(program)) {
    fs::create_directories(folder);
    build(options, program);
  }
  become(program, options.serve);
}

}  // namespace

void add_serve(CLI::App& app) {
  auto const options = std::make_shared<serve_options>();
  CLI::App* const command = app.add_subcommand(
      "serve",
      "Builds the program of a checkpoint, or takes it from the cache, and runs its server; other options are those of "
      "MODEL serve");
  command->add_option("PATH", options->path, "checkpoint")->required();
  auto const hand_on = [&](char const* name, char const* what, char const* type) {
    std::string const word = std::string(name).substr(std::string(name).find("--"));
    command
        ->add_option_function<std::string>(
            name,
            [options, word](std::string const& value) { options->build.insert(options->build.end(), {word, value}); },
            what)
        ->type_name(type);
  };
  hand_on("-c,--ctx-size", "longest context, as for build", "N");
  hand_on("--dtype", "type of packed matrices, as for build", "TYPE");
  hand_on("--inputs", "type of matrices' inputs, as for build", "TYPE");
  hand_on("--kv-dtype", "type of keys and values in the cache, as for build", "TYPE");
  hand_on("--tokenizer", "tokenizer file or folder, as for build", "FILE");
  hand_on("--chat-template", "chat template, as for build", "FILE|none");
  hand_on("--target", "processor, as for build", "native|portable|ARCH");
  command
      ->add_option_function<std::vector<std::string>>(
          "--draft",
          [options](std::vector<std::string> const& values) {
            for (auto const& value : values) take_draft(*options, value);
          },
          "checkpoint of a smaller model to put into the program, which then guesses 4 tokens at a time; or as for "
          "MODEL serve; may be repeated to say both")
      ->type_name("PATH|N|lookup")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1);
  command->allow_extras();
  command->callback([options, command] {
    options->serve = command->remaining();
    if (!options->guesses.empty()) options->serve.insert(options->serve.end(), {"--draft", options->guesses});
    run_serve(*options);
  });
}

}  // namespace constformer::command

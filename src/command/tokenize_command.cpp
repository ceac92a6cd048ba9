#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>

#include "../program/input_bytes.hpp"
#include "commands.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "../checkpoint/readers/sentence_modules.hpp"
#include "standard_output.hpp"

namespace constformer::command {

namespace {

struct tokenize_options {
  std::string path;
  std::optional<std::string> text;  // or ids, as a list
  std::optional<std::string> file;
  bool no_special = false;
  bool other_side = false;  // tokenize: the target's; detokenize: the source's

  // What -f names is read as it is, the last line's end included.
  [[nodiscard]] std::string content() const { return file ? program::read_input(*file) : *text; }
};

// A tokenizer and the blob it reads.
struct opened_tokenizer {
  explicit opened_tokenizer(std::string const& path)
      : blob(pack(load_tokenizer_source(transformer_folder(path)))), tokens(open_tokenizer(blob)) {}

  [[nodiscard]] tokenizer const& side(bool target) const { return target ? tokens->target() : *tokens; }

  std::vector<std::byte> blob;
  std::unique_ptr<tokenizer> tokens;
};

void run_tokenize(tokenize_options const& options) {
  std::string const text = options.content();
  program::check_text(text, options.file ? program::name_of_file(*options.file) : "--prompt");
  opened_tokenizer const opened(options.path);
  std::string out;
  for (int const id : opened.side(options.other_side).encode(text, {.add_special = !options.no_special})) {
    if (!out.empty()) out += ' ';
    out += std::to_string(id);
  }
  print(out + "\n");
}

void run_detokenize(tokenize_options const& options) {
  char const* const name = options.file ? "--file" : "--ids";
  std::vector<int> const ids = program::read_ids(options.content(), name);
  opened_tokenizer const opened(options.path);
  tokenizer const& tokens = opened.side(!options.other_side);
  program::check_ids(ids, tokens.vocab_size(), name);
  print(tokens.decode(ids) + "\n");
}

// The subcommand with what both take; `text` is the option that stands for the content itself.
CLI::App* add_command(CLI::App& app, char const* name, char const* what, char const* text,
                      std::shared_ptr<tokenize_options> const& options, void (*run)(tokenize_options const&)) {
  CLI::App* const command = app.add_subcommand(name, what);
  command->add_option("path", options->path, "tokenizer file, or folder or file of a model")
      ->required()
      ->type_name("PATH");
  CLI::Option* const given = command->add_option(text, options->text, "the text to convert");
  command->add_option("-f,--file", options->file, "read the input from FILE; -: standard input")
      ->type_name("FILE")
      ->excludes(given);
  command->callback([options, given, run] {
    if (!options->text && !options->file) throw CLI::RequiredError("one of " + given->get_name() + " and --file");
    run(*options);
  });
  return command;
}

}  // namespace

void add_tokenize(CLI::App& app) {
  auto const options = std::make_shared<tokenize_options>();
  CLI::App* const command =
      add_command(app, "tokenize", "Prints the token ids of a text", "-p,--prompt", options, run_tokenize);
  command->add_flag("--no-special", options->no_special, "add no token for the begin or the end");
  command->add_flag("--target", options->other_side, "tokenize as the target side of an encoder-decoder model");
}

void add_detokenize(CLI::App& app) {
  auto const options = std::make_shared<tokenize_options>();
  CLI::App* const command =
      add_command(app, "detokenize", "Prints the text of token ids", "--ids", options, run_detokenize);
  command->add_flag("--source", options->other_side, "as the side that an encoder-decoder model reads");
}

}  // namespace constformer::command

#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>

#include "../program/input_bytes.hpp"
#include "../program/template_options.hpp"
#include "chat_source.hpp"
#include "commands.hpp"
#include "constformer/core/error.hpp"
#include "constformer/text/chat.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "standard_output.hpp"

namespace constformer::command {

namespace {

struct render_options {
  std::string path, messages;
  std::optional<std::string> tools, documents, name;
  std::vector<std::string> options;
  bool no_generation_prompt = false;
  bool ids = false;
};

// The tokenizer of PATH and the blob it reads; empty for a file that is only a template.
struct opened_tokenizer {
  std::vector<std::byte> blob;
  std::unique_ptr<tokenizer> tokens;
};

opened_tokenizer open_tokenizer_of(std::filesystem::path const& path, bool is_template) {
  opened_tokenizer out;
  std::error_code ignored;
  bool const folder = std::filesystem::is_directory(path, ignored);
  if (is_template || (folder && !has_tokenizer_source(path))) return out;
  out.blob = pack(load_tokenizer_source(path));
  out.tokens = open_tokenizer(out.blob);
  return out;
}

// Folders and model files say where their templates are; any other file is one.
bool is_template_file(std::filesystem::path const& path) {
  std::error_code ignored;
  auto const extension = path.extension();
  return !std::filesystem::is_directory(path, ignored) && extension != ".gguf" && extension != ".bin";
}

std::string text_of(std::string const& file) {
  auto text = program::read_input(file);
  program::check_text(text, program::name_of_file(file));
  return text;
}

// The template that is asked for.
built_in_chat_template chosen(render_options const& options, chat_templates const& templates, tokenizer const* tokens) {
  if (options.name) {
    for (auto const& [name, jinja] : templates.all)
      if (name == *options.name) return {name, jinja, {}};
    if (auto const* const known = find_built_in_chat_template(*options.name)) return *known;
    throw error("chat-render: '" + options.name->substr(0, 40) +
                "' is neither a template of the checkpoint nor one that is built in");
  }
  if (auto const* const its_own = choose_chat_template(templates, options.tools.has_value()))
    return {its_own->name, its_own->jinja, {}};
  if (auto const* const known = tokens == nullptr ? nullptr : built_in_chat_template_for(*tokens)) return *known;
  throw error(options.path + ": holds no chat template; --template names one that is built in");
}

void run_render(render_options const& options) {
  std::filesystem::path const path = options.path;
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) throw error(options.path + ": does not exist");
  bool const is_template = is_template_file(path);
  auto const opened = open_tokenizer_of(path, is_template);
  auto templates = is_template ? template_file(path) : read_chat_templates(path);
  if (opened.tokens) add_token_names(templates, *opened.tokens);
  auto const which = chosen(options, templates, opened.tokens.get());
  chat_template const format(which.jinja);
  auto const rendered = format.render({.messages = text_of(options.messages),
                                       .tools = options.tools ? text_of(*options.tools) : "",
                                       .documents = options.documents ? text_of(*options.documents) : "",
                                       .add_generation_prompt = !options.no_generation_prompt,
                                       .options = program::template_options(options.options),
                                       .tokens = templates.tokens,
                                       .now = program::local_time()});
  if (!options.ids) return print(rendered.text);
  if (!opened.tokens) throw error(options.path + ": has no tokenizer, --ids needs one");
  std::string out;
  for (int const id : encode_chat(rendered, *opened.tokens, which.framed))
    out += (out.empty() ? "" : " ") + std::to_string(id);
  print(out + "\n");
}

}  // namespace

void add_chat_render(CLI::App& app) {
  auto const options = std::make_shared<render_options>();
  CLI::App* const command = app.add_subcommand("chat-render", "Renders a conversation with a chat template");
  command->add_option("path", options->path, "folder or GGUF file of a model, or a file with a Jinja template")
      ->required()
      ->type_name("PATH");
  command
      ->add_option("--messages", options->messages, "JSON: a list of messages with role and content; -: standard input")
      ->required()
      ->type_name("FILE");
  command->add_option("--tools", options->tools, "JSON: a list of tools")->type_name("FILE");
  command->add_option("--documents", options->documents, "JSON: a list of documents")->type_name("FILE");
  command->add_option("--template", options->name, "one of the checkpoint's templates, or one that is built in")
      ->type_name("NAME");
  command
      ->add_option("--template-option", options->options, "pass KEY with a JSON value to the template; may be repeated")
      ->type_name("KEY=JSON")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1);
  command->add_flag("--no-generation-prompt", options->no_generation_prompt, "do not ask for a reply at the end");
  command->add_flag("--ids", options->ids, "print the token ids instead of the text");
  command->callback([options] { run_render(*options); });
}

}  // namespace constformer::command

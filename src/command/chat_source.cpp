#include "chat_source.hpp"

#include <system_error>

#include "../program/input_bytes.hpp"
#include "../checkpoint/readers/encoder_heads.hpp"
#include "constformer/core/error.hpp"

namespace constformer::command {

namespace {

// A tokenizer file says nothing of templates, a folder or another model's GGUF file does.
std::filesystem::path place_of(checkpoint const& source) {
  auto const& given = source.tokenizer.given;
  std::error_code ignored;
  bool const tells = std::filesystem::is_directory(given, ignored) || given.extension() == ".gguf";
  return !given.empty() && tells ? given : source.path;
}

void check(chat_templates const& templates) {
  for (auto const& [name, jinja] : templates.all) {
    try {
      static_cast<void>(chat_template(jinja));
    } catch (error const& problem) {
      throw error(
          std::string(problem.what()) + " (template '" + name.substr(0, 40) +
          "'; --chat-template FILE takes another one, --chat-template none builds a program that does not chat)");
    }
  }
  static_cast<void>(choose_chat_template(templates, false));
}

}  // namespace

chat_templates template_file(std::filesystem::path const& path) {
  return {.all = {{"default", program::read_input(path.string())}}, .tokens = {}};
}

chat_templates templates_of(checkpoint const& source, config const& model) {
  return is_encoder_family(model.family) ? chat_templates{} : read_chat_templates(place_of(source));
}

std::vector<std::string> chat_words(checkpoint const& source, config const& model, std::string const& choice) {
  if (choice == "none" || is_encoder_family(model.family)) return {};
  auto templates = templates_of(source, model);
  if (!choice.empty()) templates.all = template_file(choice).all;
  check(templates);
  return words_of(templates);
}

}  // namespace constformer::command

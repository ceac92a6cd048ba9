#include "chat_choice.hpp"

#include <string_view>

#include "errors.hpp"

namespace constformer::program {

namespace {

chosen_template built_in(built_in_chat_template const& known, tokenizer const& text) {
  for (std::string_view const token : known.needs)
    if (!text.find(token))
      throw error("chat: the vocabulary has no token " + std::string(token) + ", which the template " +
                  std::string(known.name) + " needs");
  return {.name = std::string(known.name),
          .format = chat_template(known.jinja),
          .jinja = std::string(known.jinja),
          .framed = known.framed};
}

std::string built_in_names() {
  std::string out;
  for (auto const& known : built_in_chat_templates()) out += (out.empty() ? "" : ", ") + std::string(known.name);
  return out;
}

chosen_template of_checkpoint(named_chat_template const& its_own) {
  return {.name = its_own.name, .format = chat_template(its_own.jinja), .jinja = its_own.jinja};
}

}  // namespace

chosen_template choose_template(program_context const& context, std::optional<std::string> const& name) {
  auto const templates = chat_templates_of(context.metadata.chat);
  if (name) {
    for (auto const& known : templates.all)
      if (known.name == *name) return of_checkpoint(known);
    if (auto const* const known = find_built_in_chat_template(*name)) return built_in(*known, *context.text);
    throw usage_error("--template: '" + name->substr(0, 40) + "' is none of " + built_in_names());
  }
  if (auto const* const its_own = choose_chat_template(templates, false)) return of_checkpoint(*its_own);
  if (auto const* const known = built_in_chat_template_for(*context.text)) return built_in(*known, *context.text);
  throw error("chat: " + std::string(context.unit.name) +
              " was built from a checkpoint without a chat template; --template names one");
}

std::vector<std::pair<std::string, std::string>> template_tokens(program_context const& context) {
  auto templates = chat_templates_of(context.metadata.chat);
  add_token_names(templates, *context.text);
  return templates.tokens;
}

}  // namespace constformer::program

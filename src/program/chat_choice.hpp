#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "constformer/text/chat.hpp"
#include "context.hpp"

namespace constformer::program {

/// The template that is asked for, and by what name.
struct chosen_template {
  std::string name;
  chat_template format;
  std::string jinja;    ///< its text
  bool framed = false;  ///< what the vocabulary puts around a text stands around the conversation
};

/// The template of that name, of the checkpoint or built in; none given: the checkpoint's own, else the built-in one
/// whose special tokens the vocabulary has. The model has a tokenizer. Throws `usage_error` or `error` if there is
/// none.
[[nodiscard]] chosen_template choose_template(program_context const& context, std::optional<std::string> const& name);

/// The special tokens that templates know by name.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> template_tokens(program_context const& context);

}  // namespace constformer::program

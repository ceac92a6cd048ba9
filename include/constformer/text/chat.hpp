#pragma once

#include <cstddef>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/text/tokenizer.hpp"

namespace constformer {

/// A Jinja template and what a checkpoint calls it; `default` is the one of conversations, `tool_use` the one of
/// conversations with tools.
struct named_chat_template {
  std::string name;   ///< default, tool_use, rag …
  std::string jinja;  ///< its text

  bool operator==(named_chat_template const&) const = default;
};

/// The chat templates of a checkpoint, and the special tokens that they know by name.
struct chat_templates {
  std::vector<named_chat_template> all;  ///< empty: the checkpoint has none
  /// bos_token, eos_token and the like with their spelling, as its files name them.
  std::vector<std::pair<std::string, std::string>> tokens;

  bool operator==(chat_templates const&) const = default;
};

/// Reads the templates of a model folder (chat_template.jinja and additional_chat_templates/, tokenizer_config.json,
/// chat_template.json; the first that has any counts) or of a GGUF file (tokenizer.chat_template). Throws `error` if a
/// file is damaged.
[[nodiscard]] chat_templates read_chat_templates(std::filesystem::path const& path);

/// The template that transformers takes: tool_use if there are tools and it exists, else default. Throws `error` if
/// there are templates and none of these.
[[nodiscard]] named_chat_template const* choose_chat_template(chat_templates const& templates, bool with_tools);

/// Templates and tokens as words that can be stored. Empty for none.
[[nodiscard]] std::vector<std::string> words_of(chat_templates const& templates);

/// Reads what `words_of` wrote; throws `error` on anything else.
[[nodiscard]] chat_templates chat_templates_of(std::span<std::string const> words);

/// The spelling of the tokens with a role that a vocabulary has, by the names that templates use. What `templates`
/// names is not asked for.
void add_token_names(chat_templates& templates, tokenizer const& text);

/// A template for checkpoints that carry none.
struct built_in_chat_template {
  std::string_view name;                    ///< as --template takes it
  std::string_view jinja;                   ///< its text
  std::span<std::string_view const> needs;  ///< the special tokens without which it means nothing
  bool framed = false;                      ///< what the vocabulary puts around a text stands around the conversation
};

/// llama2, llama3, chatml, nanochat, glm, deepseek and chatglm.
[[nodiscard]] std::span<built_in_chat_template const> built_in_chat_templates();

/// The one of that name, or nullptr.
[[nodiscard]] built_in_chat_template const* find_built_in_chat_template(std::string_view name);

/// The one whose special tokens a vocabulary has, or nullptr.
[[nodiscard]] built_in_chat_template const* built_in_chat_template_for(tokenizer const& text);

/// What a template is rendered with. Special tokens that are only spelled in messages, tools and documents stay
/// text; roles may be part of one.
struct chat_input {
  std::string messages = "[]";        ///< JSON: a list of objects with role and content, and what else a template reads
  std::string tools{};                ///< JSON: a list; empty: none
  std::string documents{};            ///< JSON: a list; empty: none
  bool add_generation_prompt = true;  ///< what asks for a reply stands at the end
  std::vector<std::pair<std::string, std::string>> options{};  ///< further names with values in JSON
  std::vector<std::pair<std::string, std::string>> tokens{};   ///< chat_templates::tokens
  std::tm now{};                                               ///< what `strftime_now` tells
};

/// A conversation as a model reads it.
struct rendered_chat {
  std::string text;              ///< with the special tokens spelled out
  std::vector<text_range> told;  ///< what of it came from the conversation, in order
};

namespace detail {
struct chat_template_tree;
}

/// A Jinja template of the language that published chat templates use (docs/program.md has what it knows), rendered as
/// transformers does it with jinja2.
class chat_template {
 public:
  /// Throws `error` with the line and what is not understood there or, by its name, not supported.
  explicit chat_template(std::string_view jinja);
  ~chat_template();
  /// What is moved from may only be assigned to or destroyed.
  chat_template(chat_template&&) noexcept;
  /// The same.
  chat_template& operator=(chat_template&&) noexcept;

  /// Throws `error` if the template refuses the conversation (raise_exception), fails, or does more than a rendering
  /// may: steps, size and depth are bounded.
  [[nodiscard]] rendered_chat render(chat_input const& input) const;

 private:
  std::unique_ptr<detail::chat_template_tree const> tree_;
};

/// A message of a conversation of texts.
struct chat_message {
  std::string role;  ///< system, user, assistant
  std::string text;  ///< what was said
};

/// chat_input::messages of such a conversation.
[[nodiscard]] std::string chat_messages_json(std::span<chat_message const> messages);

/// The ids of a rendered conversation, as transformers' tokenizers cut it: nothing is added at its ends unless
/// `add_special`, special tokens are those that the template wrote. Those spelled in what was told are text.
[[nodiscard]] std::vector<int> encode_chat(rendered_chat const& chat, tokenizer const& text, bool add_special = false);

/// The tokens that end a reply: the vocabulary's own, and the special token that the template writes behind one.
[[nodiscard]] std::vector<int> reply_ends(chat_template const& format, chat_input const& input, tokenizer const& text);

}  // namespace constformer

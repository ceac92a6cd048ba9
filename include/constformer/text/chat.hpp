#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/text/tokenizer.hpp"

namespace constformer {

/// How a model was taught to read conversations.
///
/// - llama2: `[INST] … [/INST]`, the system message between `<<SYS>>` and `<</SYS>>` in the first of them.
/// - llama3: `<|start_header_id|>role<|end_header_id|>`, blank line, text, `<|eot_id|>`; from 3.1 on a system message
///   with two dates.
/// - chatml: `<|im_start|>role`, line, text, `<|im_end|>`, line; SmolLM3 with metadata.
/// - nanochat: `<|user_start|>` … `<|user_end|>`, `<|assistant_start|>` … `<|assistant_end|>`; the system message
///   begins the first user message.
/// - glm: `[gMASK]<sop>`, then `<|role|>`, line, text (GLM-4).
/// - deepseek: the system message as it is, `<｜User｜>` text, `<｜Assistant｜>` text `<｜end▁of▁sentence｜>`.
/// - chatglm: rounds with a number, `问：` text, `答：` text (ChatGLM-6B, ChatGLM2); nothing of a system message.
enum class chat_kind : std::uint8_t { none, unknown, llama2, llama3, chatml, nanochat, glm, deepseek, chatglm };

/// The enumerator's own name, as --template takes it.
[[nodiscard]] std::string_view name_of(chat_kind kind);

/// The kind of that name, if it is one that can be rendered.
[[nodiscard]] std::optional<chat_kind> chat_kind_named(std::string_view name);

/// A kind with what templates of that kind differ in.
struct chat_format {
  chat_kind kind = chat_kind::none;  ///< none: the checkpoint has no template
  bool bos = false;                  ///< chatml: the token that begins a text stands first
  bool trim = false;                 ///< chatml, glm: blanks around a message are taken off
  bool line = false;                 ///< glm: a line end stands before the reply that is asked for
  bool tight = false;                ///< chatglm: line ends lie between its parts, not blank lines (ChatGLM-6B)
  bool forgets = false;  ///< chatml, deepseek: what a reply says up to its last closing think tag is left out
  /// deepseek: each reply begins with its opening, and is cut behind its first closing think tag (V3.1).
  bool closes = false;
  bool thinks_last = false;  ///< chatml: of a reply that ends the conversation it is shown, empty or not (Qwen3)
  int first_round = 1;       ///< chatglm: the number of the first round
  std::string opening{};     ///< chatml, deepseek: how the reply that is asked for begins
  std::string system{};      ///< what stands for the system message where there is none; empty: nothing
  /// chatml: the same where the system message is only that no thoughts are wanted (SmolLM3).
  std::string plain_system{};
  /// llama3, chatml: when its knowledge ends; empty: neither this nor the day is written. Of chatml it is SmolLM3's,
  /// which writes metadata before the system message, takes `/think` and `/no_think` in it, and ends it only where
  /// there are tools.
  std::string knowledge{};
  std::string day{};     ///< the day of the conversation; `today` and `today_in_full` stand for the program's
  std::string reason{};  ///< unknown: what is not supported

  bool operator==(chat_format const&) const = default;
};

/// A format as words that can be stored: its name, and what it differs in. Empty for none.
[[nodiscard]] std::vector<std::string> words_of(chat_format const& format);

/// Reads what `words_of` wrote; throws `error` on anything else.
[[nodiscard]] chat_format chat_format_of(std::span<std::string const> words);

/// A message of a conversation; user and assistant take turns, the user first.
struct chat_message {
  std::string text;        ///< what was said
  bool assistant = false;  ///< by whom
};

/// What is rendered: text, a special token by its spelling, the token that begins or ends a text, or all the tokens
/// that the vocabulary puts around a text.
struct chat_piece {
  /// Which of these.
  enum class kind : std::uint8_t { text, special, bos, eos, around };
  kind what = kind::text;  ///< text and special have a `text`
  std::string text{};      ///< never empty in pieces of text

  bool operator==(chat_piece const&) const = default;
};

/// The format of the template that tokenizer_config.json or chat_template.jinja of a model folder holds: one of the
/// known ones, recognised by what is characteristic of it; `unknown` with a reason for any other. Throws `error` if a
/// file is damaged.
[[nodiscard]] chat_format read_chat_format(std::filesystem::path const& folder);

/// The format of a Jinja template.
[[nodiscard]] chat_format recognise_chat_template(std::string_view jinja);

/// A conversation as the model reads it, with what asks for a reply at its end if the last message is the user's.
/// `system` is used instead of the format's own if it is not empty. Neighbouring pieces of text are one.
[[nodiscard]] std::vector<chat_piece> render_chat(chat_format const& format, std::string_view system,
                                                  std::span<chat_message const> messages);

/// The pieces as ids. Special tokens that are spelled out in a message stay text. Throws `error` if the vocabulary
/// lacks a token.
[[nodiscard]] std::vector<int> encode_chat(std::span<chat_piece const> pieces, tokenizer const& text);

/// The kind whose special tokens a vocabulary has, for checkpoints that carry no template; none if it has those of no
/// kind.
[[nodiscard]] chat_kind chat_kind_of(tokenizer const& text);

/// The tokens that end a reply, as far as the vocabulary has them.
[[nodiscard]] std::vector<int> reply_ends(chat_format const& format, tokenizer const& text);

}  // namespace constformer

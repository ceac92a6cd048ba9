#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace constformer::serve {

/// How a model writes calls of functions into its text.
enum class call_style : std::uint8_t {
  tagged,  ///< `<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen
  bare,    ///< `{"name": …, "parameters": …}` and nothing else: Llama 3.1
  listed,  ///< `[TOOL_CALLS][{"name": …, "arguments": …}, …]`: Mistral
  named,   ///< `[TOOL_CALLS]name[ARGS]{…}`: Mistral since version 11 of its tokenizer
};

/// The words around calls; empty where there is none.
struct call_words {
  std::string_view open;
  std::string_view close;
  std::string_view between;    ///< name and arguments
  std::string_view arguments;  ///< what the member with the arguments is called
};

/// The words of a style.
[[nodiscard]] call_words words_of(call_style style);

/// The style that a chat template (Jinja) writes calls in, and its model with it; empty if it has no tools, or writes
/// calls in a way that is not known here.
[[nodiscard]] std::optional<call_style> call_style_of(std::string_view jinja);

}  // namespace constformer::serve

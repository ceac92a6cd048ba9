#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace constformer::serve {

/// How a model writes calls of functions into its text.
enum class call_style : std::uint8_t {
  tagged,  ///< `<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen
  bare,    ///< `{"name": …, "parameters": …}` and nothing else: Llama 3.1
  listed,  ///< `[TOOL_CALLS][{"name": …, "arguments": …}, …]`: Mistral
  named,   ///< `[TOOL_CALLS]name[ARGS]{…}`: Mistral since version 11 of its tokenizer
  marked,  ///< `<tool_call><function=name><parameter=key>value</parameter></function></tool_call>`: Qwen3-Coder
  keyed,   ///< `<tool_call>name<arg_key>key</arg_key><arg_value>value</arg_value></tool_call>`: GLM-4.5
};

/// The words around calls; empty where there is none.
struct call_words {
  std::string_view open;
  std::string_view close;
  std::string_view between;    ///< name and arguments
  std::string_view arguments;  ///< what the member with the arguments is called
  std::string_view gap;        ///< white space between `open` and the call
};

/// The words within calls that are no JSON, as templates write them, with their line breaks. A value is a text as it
/// is where the schema of its parameter says so, JSON otherwise.
struct call_tags {
  std::string_view before_name, after_name;
  std::string_view before_key, after_key;      ///< of each parameter
  std::string_view before_value, after_value;  ///< a value may have lines of its own where both are line breaks
  std::string_view end;                        ///< behind the last one
};

/// The words of a style.
[[nodiscard]] call_words words_of(call_style style);

/// The words within calls of a style; empty if its calls are JSON.
[[nodiscard]] std::optional<call_tags> tags_of(call_style style);

/// All words that special tokens may spell.
[[nodiscard]] std::vector<std::string_view> special_words_of(call_style style);

/// The style that a chat template (Jinja) writes calls in, and its model with it; empty if it has no tools, or writes
/// calls in a way that is not known here.
[[nodiscard]] std::optional<call_style> call_style_of(std::string_view jinja);

}  // namespace constformer::serve

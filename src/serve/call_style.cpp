#include "call_style.hpp"

namespace constformer::serve {

call_words words_of(call_style style) {
  switch (style) {
    case call_style::tagged: return {"<tool_call>", "</tool_call>", {}, "arguments"};
    case call_style::bare: return {"<|python_tag|>", {}, {}, "parameters"};
    case call_style::listed: return {"[TOOL_CALLS]", {}, {}, "arguments"};
    case call_style::named: return {"[TOOL_CALLS]", {}, "[ARGS]", "arguments"};
  }
  return {};
}

std::optional<call_style> call_style_of(std::string_view jinja) {
  auto const has = [&](std::string_view word) { return jinja.find(word) != std::string_view::npos; };
  if (!has("tools")) return std::nullopt;
  // Qwen3-Coder and GLM-4.5 write arguments as XML within the same tags.
  if (has("<tool_call>") && !has("<function=") && !has("<arg_key>")) return call_style::tagged;
  if (has("[TOOL_CALLS]")) return has("[ARGS]") ? call_style::named : call_style::listed;
  if (has("ipython") && has("\"parameters\"")) return call_style::bare;
  return std::nullopt;
}

}  // namespace constformer::serve

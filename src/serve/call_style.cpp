#include "call_style.hpp"

namespace constformer::serve {

call_words words_of(call_style style) {
  switch (style) {
    case call_style::tagged: return {"<tool_call>", "</tool_call>", {}, "arguments", "\n"};
    case call_style::bare: return {"<|python_tag|>", {}, {}, "parameters", {}};
    case call_style::listed: return {"[TOOL_CALLS]", {}, {}, "arguments", {}};
    case call_style::named: return {"[TOOL_CALLS]", {}, "[ARGS]", "arguments", {}};
    case call_style::marked: return {"<tool_call>", "</tool_call>", {}, {}, "\n"};
    case call_style::keyed: return {"<tool_call>", "</tool_call>", {}, {}, {}};
  }
  return {};
}

std::optional<call_tags> tags_of(call_style style) {
  if (style == call_style::marked)
    return call_tags{"<function=", ">", "\n<parameter=", ">", "\n", "\n</parameter>", "\n</function>"};
  if (style == call_style::keyed)
    return call_tags{"", "", "\n<arg_key>", "</arg_key>", "\n<arg_value>", "</arg_value>", ""};
  return std::nullopt;
}

std::vector<std::string_view> special_words_of(call_style style) {
  auto const words = words_of(style);
  std::vector<std::string_view> out{words.open, words.close, words.between};
  if (style == call_style::keyed) out.insert(out.end(), {"<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"});
  return out;
}

std::optional<call_style> call_style_of(std::string_view jinja) {
  auto const has = [&](std::string_view word) { return jinja.find(word) != std::string_view::npos; };
  if (!has("tools")) return std::nullopt;
  if (has("<tool_call>") && has("<function=") && has("<parameter=")) return call_style::marked;
  if (has("<tool_call>") && has("<arg_key>") && has("<arg_value>")) return call_style::keyed;
  if (has("<tool_call>") && !has("<function=") && !has("<arg_key>")) return call_style::tagged;
  if (has("[TOOL_CALLS]")) return has("[ARGS]") ? call_style::named : call_style::listed;
  if (has("ipython") && has("\"parameters\"")) return call_style::bare;
  return std::nullopt;
}

}  // namespace constformer::serve

#include "tool_fields.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "call_filter.hpp"
#include "json_writer.hpp"
#include "response_format.hpp"

namespace constformer::serve {

namespace {

constexpr std::size_t most_tools = 128;
constexpr std::size_t longest_name = 64;
constexpr std::string_view field = "tools";

[[noreturn]] void refuse(std::string const& why) { throw bad_request("tools: " + why, field); }

bool is_name(std::string const& name) {
  constexpr std::string_view others = "_-.";
  return !name.empty() && name.size() <= longest_name && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

// Where calls are no must, schemas are only told, so that what they say need not be supported; but it must be one.
void check_types(json_value const& schema) {
  constexpr std::array<std::string_view, 7> types{"object", "array", "string", "integer", "number", "boolean", "null"};
  auto const check = [&](json_value const& type) {
    if (type.text() == nullptr || std::ranges::find(types, *type.text()) == types.end())
      refuse("the schema of parameters has a type that is none of JSON Schema");
  };
  if (auto const* type = schema.find("type")) {
    if (type->array() == nullptr) check(*type);
    if (type->array() != nullptr) std::ranges::for_each(*type->array(), check);
  }
  for (char const* name : {"properties", "$defs", "definitions"})
    if (auto const* inside = schema.find(name))
      for (auto const& [key, value] : object_of(*inside, field)) check_types(value);
  for (char const* name : {"anyOf", "oneOf", "allOf"})
    if (auto const* inside = schema.find(name)) std::ranges::for_each(array_of(*inside, field), check_types);
  if (auto const* items = schema.find("items"); items != nullptr && items->object() != nullptr) check_types(*items);
}

described_function read_tool(json_value const& tool) {
  field_reader outer(tool);
  auto const type = outer.text("type").value_or("");
  if (type != "function") refuse("the type '" + type.substr(0, 40) + "' is not supported, only function is");
  auto const& inside = outer.need("function");
  static_cast<void>(object_of(inside, "tools.function"));
  field_reader function(inside);
  described_function out{function.text("name").value_or(""), function.find("parameters")};
  if (!is_name(out.name))
    refuse("'" + out.name.substr(0, 80) + "' is no name of 1 to 64 letters, digits, underscores, dashes and dots");
  static_cast<void>(function.text("description"));
  out.strict = function.boolean("strict").value_or(false);
  if (out.parameters != nullptr) {
    auto const* kind = out.parameters->find("type");
    if (out.parameters->object() == nullptr ||
        (kind != nullptr && (kind->text() == nullptr || *kind->text() != "object")))
      refuse("the parameters of " + out.name + " are no schema of an object");
    if (out.parameters->object()->empty()) out.parameters = nullptr;
    if (out.parameters != nullptr) check_types(*out.parameters);
  }
  return out;
}

// What tool_choice asks for.
struct choice_of_tool {
  bool calls = true;  // may be made
  bool must = false;
  std::string name{};  // of the only function that may be called; empty: any
};

choice_of_tool read_choice(json_value const& value) {
  constexpr std::string_view choice = "tool_choice";
  if (auto const* word = value.text()) {
    if (*word != "none" && *word != "auto" && *word != "required")
      throw bad_request("tool_choice: '" + word->substr(0, 40) + "' is none of none, auto and required", choice);
    return {*word != "none", *word == "required"};
  }
  auto const* type = value.find("type");
  auto const* function = value.find("function");
  auto const* name = function == nullptr ? nullptr : function->find("name");
  if (type == nullptr || type->text() == nullptr || *type->text() != "function" || name == nullptr)
    throw bad_request("tool_choice must be none, auto, required or a function by its name", choice);
  return {true, true, text_of(*name, choice)};
}

std::string begun_calls(call_style style) {
  if (style == call_style::bare) return {};
  auto const words = words_of(style);
  return std::string(words.open) + std::string(words.gap);
}

// Arguments of strict functions are by their schemas, whenever the model calls one.
void watch_calls(service& all, generation_request& request, std::vector<described_function> const& functions,
                 expected_calls const& expected) {
  if (expected.style == call_style::bare)
    refuse("strict is supported for " + all.model.name +
           " where tool_choice is required or names a function: no word opens its calls");
  bool const short_list = expected.style == call_style::listed && expected.most == 1;
  auto const extent = short_list ? call_extent::one : call_extent::framed;
  auto const calls = std::make_shared<text_constraint>(grammar_of_calls(functions, expected.style, extent, field),
                                                       all.call_vocabulary(), true, field);
  request.filter = [calls, open = words_of(expected.style).open, most = expected.most,
                    stop_ids = stop_ids_of(all, request)] {
    return std::make_unique<call_filter>(calls, stop_ids, open, most);
  };
}

expected_calls expect_calls(std::vector<described_function> const& functions, call_style style, bool several) {
  expected_calls out{.style = style, .names = {}, .most = several ? std::numeric_limits<int>::max() : 1};
  for (auto const& function : functions) {
    out.names.push_back(function.name);
    if (tags_of(style)) add_typed(out.typed, function.name, function.parameters);
  }
  return out;
}

}  // namespace

std::vector<described_function> read_tools(field_reader& fields, served_model const& model, std::string& told) {
  auto const* tools = fields.find(field);
  if (tools == nullptr || array_of(*tools, field).empty()) return {};
  if (!model.chat->tools)
    refuse("the chat template of " + model.name + " has no tools, or calls them in a way that is not known here");
  if (tools->array()->size() > most_tools)
    refuse("there are " + std::to_string(tools->array()->size()) + ", at most " + std::to_string(most_tools) +
           " are read");
  std::vector<described_function> out;
  for (auto const& tool : *tools->array()) {
    static_cast<void>(object_of(tool, field));
    out.push_back(read_tool(tool));
    if (std::ranges::count(out, out.back().name, &described_function::name) > 1)
      refuse("two functions are called " + out.back().name);
  }
  json_writer w;
  told = w.value(*tools).take();
  return out;
}

std::optional<expected_calls> read_tool_choice(service& all, field_reader& fields, chat_conversation& conversation,
                                               std::optional<wanted_text> format, generation_request& request) {
  auto const* given = fields.find("tool_choice");
  auto const choice = given == nullptr ? choice_of_tool{} : read_choice(*given);
  bool const several = fields.boolean("parallel_tool_calls").value_or(true) && choice.name.empty();
  auto functions = std::move(conversation.functions);
  if (functions.empty() && choice.must)
    throw bad_request("tool_choice asks for a call, and there are no tools", "tool_choice");
  if (functions.empty() || !choice.calls) {
    conversation.input.tools.clear();
    if (format) constrain(all, request, std::move(*format));
    return std::nullopt;
  }
  if (conversation.continues)
    throw bad_request("continue_final_message and tools exclude each other", "continue_final_message");
  if (!choice.name.empty()) {
    std::erase_if(functions, [&](auto const& f) { return f.name != choice.name; });
    if (functions.empty())
      throw bad_request("tool_choice: no function of tools is called '" + choice.name.substr(0, 64) + "'",
                        "tool_choice");
  }
  auto out = expect_calls(functions, all.model.chat->tools->style, several);
  auto const extent = several ? call_extent::several : call_extent::one;
  if (choice.must) {
    out.begun = begun_calls(out.style);
    conversation.begun = out.begun;
    for (auto& function : functions) function.strict = true;
    constrain(all, request,
              {grammar_of_calls(functions, out.style, extent, field), all.call_vocabulary(), true, field});
  } else if (format) {
    auto calls = behind(begun_calls(out.style), grammar_of_calls(functions, out.style, extent, field));
    format->grammar = either(std::move(format->grammar), std::move(calls));
    format->vocabulary = all.call_vocabulary();
    constrain(all, request, std::move(*format));
  } else if (std::ranges::any_of(functions, &described_function::strict)) {
    watch_calls(all, request, functions, out);
  }
  return out;
}

void write_call(json_writer& out, json_value const& call) {
  constexpr std::string_view calls = "messages";
  auto const* function = call.find("function");
  auto const* name = function == nullptr ? nullptr : function->find("name");
  if (name == nullptr) throw bad_request("messages: an entry of tool_calls has no function with a name", calls);
  out.begin_object();
  if (auto const* id = call.find("id"); id != nullptr && !id->is_null()) out.member("id", text_of(*id, calls));
  out.member("type", "function").key("function").begin_object().member("name", text_of(*name, calls)).key("arguments");
  auto const* arguments = function->find("arguments");
  auto const* text = arguments == nullptr ? nullptr : arguments->text();
  if (arguments == nullptr || arguments->is_null() || (text != nullptr && text->empty())) {
    out.raw("{}");
  } else if (text == nullptr) {
    out.value(*arguments);
  } else {
    try {
      out.value(parse_json(*text));
    } catch (json_error const&) {  // as a model wrote them once
      out.value(*text);
    }
  }
  out.end_object().end_object();
}

}  // namespace constformer::serve

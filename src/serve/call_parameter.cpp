#include "call_parameter.hpp"

#include <algorithm>

#include "json_writer.hpp"

namespace constformer::serve {

namespace {

bool is_text(json_value const& value) { return value.text() != nullptr; }

bool all_texts(json_value const& values) {
  return values.array() != nullptr && !values.array()->empty() && std::ranges::all_of(*values.array(), is_text);
}

}  // namespace

value_kind value_kind_of(json_value const& schema) {
  if (auto const* values = schema.find("enum")) return all_texts(*values) ? value_kind::text : value_kind::json;
  if (auto const* value = schema.find("const")) return is_text(*value) ? value_kind::text : value_kind::json;
  auto const* type = schema.find("type");
  if (type == nullptr) return value_kind::json;
  auto const is = [](json_value const& given, std::string_view name) {
    return given.text() != nullptr && *given.text() == name;
  };
  if (type->array() == nullptr) return is(*type, "string") ? value_kind::text : value_kind::json;
  auto const has = [&](std::string_view name) {
    return std::ranges::any_of(*type->array(), [&](json_value const& one) { return is(one, name); });
  };
  if (!has("string")) return value_kind::json;
  return has("null") ? value_kind::text_or_null : value_kind::text;
}

void add_typed(std::vector<typed_parameter>& out, std::string const& function, json_value const* schema) {
  auto const* properties = schema == nullptr ? nullptr : schema->find("properties");
  if (properties == nullptr || properties->object() == nullptr) return;
  for (auto const& [name, inside] : *properties->object())
    if (auto const kind = value_kind_of(inside); kind != value_kind::text) out.push_back({function, name, kind});
}

std::string json_of_value(std::vector<typed_parameter> const& typed, std::string_view function, std::string_view name,
                          std::string_view value) {
  auto const found =
      std::ranges::find_if(typed, [&](auto const& p) { return p.function == function && p.name == name; });
  auto const kind = found == typed.end() ? value_kind::text : found->kind;
  if (kind == value_kind::json) try {
      return json_of(parse_json(value));
    } catch (json_error const&) {  // any other text
    }
  if (kind == value_kind::text_or_null && value == "null") return "null";
  return json_of(json_value(std::string(value)));
}

}  // namespace constformer::serve

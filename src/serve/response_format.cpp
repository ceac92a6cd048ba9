#include "response_format.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json_schema.hpp"
#include "service.hpp"
#include "text_constraint.hpp"

namespace constformer::serve {

namespace {

constexpr std::size_t most_choice_texts = 1024;

// What a request asks of its text, and by which field.
struct wanted_format {
  text_grammar grammar;
  bool json;
  std::string_view field;
};

wanted_format choice(json_value const& value, std::string_view field) {
  static_cast<void>(array_of(value, field));
  auto const texts = read_texts(value, field, most_choice_texts);
  if (texts.empty()) throw bad_request(std::string(field) + " is empty", field);
  for (auto const& text : texts)
    if (text.empty()) throw bad_request(std::string(field) + ": a text is empty", field);
  return {grammar_of_choices(texts), false, field};
}

wanted_format schema(json_value const& value, std::string_view field) {
  return {grammar_of_schema(value, field), true, field};
}

std::optional<wanted_format> of_response_format(json_value const& value) {
  constexpr std::string_view field = "response_format";
  static_cast<void>(object_of(value, field));
  field_reader inside(value);
  auto const* type = inside.find("type");
  auto const name = type == nullptr ? std::string() : text_of(*type, field);
  std::optional<wanted_format> out;
  if (name == "json_object") {
    out = {grammar_of_any_object(), true, field};
  } else if (name == "json_schema") {
    auto const* wrapped = value.find("json_schema");
    inside.ignore("json_schema");
    auto const* given = wrapped == nullptr ? nullptr : wrapped->find("schema");
    if (given == nullptr) throw bad_request("response_format: json_schema.schema is missing", field);
    out = schema(*given, field);
  } else if (name == "choice") {
    out = choice(inside.need("choice"), field);
  } else if (name != "text") {
    throw bad_request(
        "response_format: the type '" + name.substr(0, 40) + "' is none of text, json_object, json_schema and choice",
        field, "unsupported_parameter");
  }
  inside.refuse_rest();
  return out;
}

std::optional<wanted_format> of_structured_outputs(json_value const& value) {
  constexpr std::string_view field = "structured_outputs";
  static_cast<void>(object_of(value, field));
  field_reader inside(value);
  std::optional<wanted_format> out;
  if (auto const* texts = inside.find("choice")) out = choice(*texts, field);
  if (auto const* given = inside.find("json")) out = schema(*given, field);
  for (auto const& [name, rest] : *value.object())
    if (name != "choice" && name != "json" && !rest.is_null())
      throw bad_request("structured_outputs: '" + name.substr(0, 40) + "' is not supported", field,
                        "unsupported_parameter");
  return out;
}

std::optional<wanted_format> read_wanted(field_reader& fields) {
  std::optional<wanted_format> out;
  auto const take = [&](std::optional<wanted_format> found) {
    if (found && out)
      throw bad_request(std::string(out->field) + " and " + std::string(found->field) + " exclude each other",
                        found->field);
    if (found) out = std::move(found);
  };
  if (auto const* value = fields.find("response_format")) take(of_response_format(*value));
  if (auto const* value = fields.find("structured_outputs")) take(of_structured_outputs(*value));
  if (auto const* value = fields.find("guided_choice")) take(choice(*value, "guided_choice"));
  if (auto const* value = fields.find("guided_json")) take(schema(*value, "guided_json"));
  if (auto const* value = fields.find("json_schema")) take(schema(*value, "json_schema"));
  return out;
}

}  // namespace

std::vector<int> stop_ids_of(service const& all, generation_request const& request) {
  auto out = all.model.stop_ids;
  if (all.model.chat) out.insert(out.end(), all.model.chat->ends.begin(), all.model.chat->ends.end());
  out.insert(out.end(), request.stop_ids.begin(), request.stop_ids.end());
  return out;
}

void constrain(service& all, generation_request& request, wanted_text wanted) {
  auto const shared = std::make_shared<text_constraint>(std::move(wanted.grammar), std::move(wanted.vocabulary),
                                                        wanted.blank_first, wanted.field);
  request.filter = [shared, stop_ids = stop_ids_of(all, request)] { return shared->filter(stop_ids); };
}

std::optional<wanted_text> read_response_format(service& all, field_reader& fields) {
  auto wanted = read_wanted(fields);
  if (!wanted) return std::nullopt;
  return wanted_text{std::move(wanted->grammar), all.vocabulary(), wanted->json, wanted->field};
}

}  // namespace constformer::serve

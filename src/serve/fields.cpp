#include "fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace constformer::serve {

namespace {

std::string shown(double number) {
  char digits[40];
  return {digits, std::to_chars(digits, digits + sizeof digits, number, std::chars_format::general, 8).ptr};
}

[[noreturn]] void misfit(std::string_view name, std::string_view wanted) {
  throw bad_request(std::string(name) + " must be " + std::string(wanted), name);
}

// Values with which fields that are not supported ask for nothing, beside null, false, 0, "", [] and {}.
struct neutral_value {
  std::string_view name;
  std::string_view text;  // of strings
  double number = 0;
  bool yes = false;
};

constexpr neutral_value neutral_values[] = {
    {"best_of", "", 1},
    {"length_penalty", "", 1},
    {"typical_p", "", 1},
    {"tfs_z", "", 1},
    {"tfs", "", 1},
    {"top_n_sigma", "", -1},
    {"epsilon_cutoff", "", 0},
    {"dry_base", "", 1.75},
    {"dry_allowed_length", "", 2},
    {"dry_penalty_last_n", "", -1},
    {"dynatemp_exponent", "", 1},
    {"smoothing_curve", "", 1},
    {"mirostat_tau", "", 5},
    {"mirostat_eta", "", 0.1},
    {"xtc_threshold", "", 0.1},
    {"n_keep", "", 0},
    {"id_slot", "", -1},
    {"slot_id", "", -1},
    {"t_max_predict_ms", "", -1},
    {"n_indent", "", 0},
    {"skip_special_tokens", "", 0, true},
    {"spaces_between_special_tokens", "", 0, true},
    {"add_generation_prompt", "", 0, true},
    {"add_special_tokens", "", 0, true},
    {"parallel_tool_calls", "", 0, true},
    {"include_reasoning", "", 0, true},
    {"store", "", 0, true},
    {"service_tier", "auto"},
    {"service_tier", "default"},
    {"tool_choice", "none"},
    {"tool_choice", "auto"},
    {"function_call", "none"},
    {"verbosity", "medium"},
    {"reasoning_effort", "none"},
    {"truncation", "disabled"},
    {"prompt_cache_retention", "in_memory"},
};

bool is_empty(json_value const& value) {
  if (auto const* yes = value.boolean()) return !*yes;
  if (auto const* number = value.integer()) return *number == 0;
  if (auto const* number = value.real()) return *number == 0;
  if (auto const* text = value.text()) return text->empty();
  if (auto const* elements = value.array()) return elements->empty();
  if (auto const* members = value.object()) return members->empty();
  return true;
}

bool equals(json_value const& value, neutral_value const& known) {
  if (auto const* yes = value.boolean()) return *yes == known.yes;
  if (auto const* number = value.integer()) return static_cast<double>(*number) == known.number;
  if (auto const* number = value.real()) return *number == known.number;
  if (auto const* text = value.text()) return !text->empty() && *text == known.text;
  return false;
}

bool asks_for_nothing(std::string_view name, json_value const& value) {
  if (is_empty(value)) return true;
  if (name == "modalities" && value.array() != nullptr)
    return value.array()->size() == 1 && value.array()->front().text() != nullptr &&
           *value.array()->front().text() == "text";
  return std::ranges::any_of(neutral_values,
                             [&](neutral_value const& known) { return known.name == name && equals(value, known); });
}

}  // namespace

std::int64_t integer_of(json_value const& value, std::string_view name, std::int64_t least, std::int64_t most) {
  auto const* whole = value.integer();
  double const* const real = value.real();
  std::int64_t number = 0;
  if (whole != nullptr)
    number = *whole;
  else if (real != nullptr && std::abs(*real) < 0x1p53 && *real == std::floor(*real))
    number = static_cast<std::int64_t>(*real);
  else
    misfit(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  if (number < least || number > most)
    misfit(name, "from " + std::to_string(least) + " to " + std::to_string(most) + ", not " + std::to_string(number));
  return number;
}

double number_of(json_value const& value, std::string_view name, double least, double most) {
  double number = 0;
  if (auto const* whole = value.integer())
    number = static_cast<double>(*whole);
  else if (auto const* real = value.real())
    number = *real;
  else
    misfit(name, "a number from " + shown(least) + " to " + shown(most));
  if (number < least || number > most)
    misfit(name, "from " + shown(least) + " to " + shown(most) + ", not " + shown(number));
  return number;
}

std::string const& text_of(json_value const& value, std::string_view name) {
  auto const* text = value.text();
  if (text == nullptr) misfit(name, "a string");
  return *text;
}

json_array const& array_of(json_value const& value, std::string_view name) {
  auto const* elements = value.array();
  if (elements == nullptr) misfit(name, "an array");
  return *elements;
}

json_object const& object_of(json_value const& value, std::string_view name) {
  auto const* members = value.object();
  if (members == nullptr) misfit(name, "an object");
  return *members;
}

field_reader::field_reader(json_value const& body) : members_(body.object()) {
  if (members_ == nullptr) throw bad_request("the body must be an object of JSON");
}

json_value const* field_reader::find(std::string_view name) {
  read_.push_back(name);
  auto const found = std::ranges::find(*members_, name, &json_member::first);
  return found == members_->end() || found->second.is_null() ? nullptr : &found->second;
}

json_value const& field_reader::need(std::string_view name) {
  auto const* value = find(name);
  if (value == nullptr) throw bad_request(std::string(name) + " is missing", name);
  return *value;
}

std::optional<std::int64_t> field_reader::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  auto const* value = find(name);
  return value == nullptr ? std::nullopt : std::optional(integer_of(*value, name, least, most));
}

std::optional<float> field_reader::number(std::string_view name, double least, double most) {
  auto const* value = find(name);
  return value == nullptr ? std::nullopt : std::optional(static_cast<float>(number_of(*value, name, least, most)));
}

std::optional<bool> field_reader::boolean(std::string_view name) {
  auto const* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->boolean() == nullptr) misfit(name, "true or false");
  return *value->boolean();
}

std::optional<std::string> field_reader::text(std::string_view name) {
  auto const* value = find(name);
  return value == nullptr ? std::nullopt : std::optional(text_of(*value, name));
}

void field_reader::refuse_rest() const {
  for (auto const& [name, value] : *members_)
    if (std::ranges::find(read_, name) == read_.end() && !asks_for_nothing(name, value))
      throw bad_request("the field " + name.substr(0, 100) + " is not supported here with this value", name,
                        "unsupported_parameter");
}

}  // namespace constformer::serve

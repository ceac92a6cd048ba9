#include "text/sources/json.hpp"

#include "constformer/core/error.hpp"

namespace constformer::text {

json_file::json_file(std::string_view bytes, std::string_view name) : name_(name) {
  root_ = json::parse(bytes, nullptr, false);
  if (root_.is_discarded()) fail("is not JSON (" + std::to_string(bytes.size()) + " bytes)");
  if (!root_.is_object()) fail(std::string("holds ") + root_.type_name() + ", a JSON object is expected");
}

void json_file::fail(std::string const& what) const { throw error(name_ + ": " + what); }

json const* json_file::find(json const& object, char const* field) const {
  if (!object.is_object()) return nullptr;
  auto const at = object.find(field);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

json const& json_file::member(json const& object, char const* field) const {
  json const* const found = find(object, field);
  if (found == nullptr) fail(std::string("field ") + field + " is missing");
  return *found;
}

std::string json_file::text(json const& object, char const* field) const {
  json const& value = member(object, field);
  if (!value.is_string()) fail(std::string("field ") + field + " is " + value.type_name() + ", a string is expected");
  return value.get<std::string>();
}

std::string json_file::text_or(json const& object, char const* field, std::string_view otherwise) const {
  return find(object, field) == nullptr ? std::string(otherwise) : text(object, field);
}

bool json_file::flag_or(json const& object, char const* field, bool otherwise) const {
  json const* const value = find(object, field);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean())
    fail(std::string("field ") + field + " is " + value->type_name() + ", true or false is expected");
  return value->get<bool>();
}

int json_file::integer(json const& value, std::string const& what) const {
  bool const fits =
      value.is_number_unsigned() ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(largest_id) : false;
  if (!fits)
    fail(what + " is " + value.dump().substr(0, 40) + ", an integer from 0 to " + std::to_string(largest_id) +
         " is expected");
  return value.get<int>();
}

std::string json_file::type_of(json const& component, char const* what) const {
  if (!component.is_object())
    fail(std::string(what) + " is " + component.type_name() + ", an object with a type is expected");
  return text(component, "type");
}

}  // namespace constformer::text

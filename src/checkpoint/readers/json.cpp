#include "json.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <limits>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

using nlohmann::json;

namespace {

constexpr std::size_t largest_file = std::size_t{1} << 28;

// Sees every key of every object, so that a key given twice is found before the later value replaces the earlier.
class duplicate_finder {
 public:
  explicit duplicate_finder(std::string_view where) : where_(where) {}

  bool operator()(int /*depth*/, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open_.emplace_back();
    if (event == json::parse_event_t::object_end) open_.pop_back();
    if (event == json::parse_event_t::key) {
      auto const& key = parsed.get_ref<std::string const&>();
      if (!open_.back().insert(key).second)
        throw error(std::string(where_) + ": the name \"" + key + "\" is given twice");
    }
    return true;
  }

 private:
  std::string_view where_;
  std::vector<std::set<std::string, std::less<>>> open_;
};

std::string place_of(std::string_view text, std::size_t byte) {
  std::string_view const before = text.substr(0, std::min(byte > 0 ? byte - 1 : 0, text.size()));
  auto const line = std::count(before.begin(), before.end(), '\n') + 1;
  std::size_t const newline = before.rfind('\n');
  std::size_t const column = newline == std::string_view::npos ? before.size() + 1 : before.size() - newline;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace

json parse_json_object(std::string_view text, std::string_view where) {
  // The parser takes a zero byte for the end and would not look at what follows it.
  if (std::size_t const zero = text.find('\0'); zero != std::string_view::npos)
    throw error(std::string(where) + ": not JSON at " + place_of(text, zero + 1));
  json parsed;
  try {
    parsed = json::parse(text, duplicate_finder(where));
  } catch (json::parse_error const& problem) {
    throw error(std::string(where) + ": not JSON at " + place_of(text, problem.byte));
  } catch (json::exception const&) {  // a number that no double can hold
    throw error(std::string(where) + ": holds a number that is out of range");
  }
  if (!parsed.is_object()) throw error(std::string(where) + ": " + quoted(parsed) + " is not a JSON object");
  return parsed;
}

json_document::json_document(std::string_view text, std::string_view where)
    : object_(std::make_unique<json const>(parse_json_object(text, where))), where_(where) {}

json_document::json_document(std::filesystem::path const& path) : where_(path.string()) {
  mapped_file const file(path);
  auto const bytes = file.bytes();
  if (bytes.size() > largest_file)
    throw error(where_ + ": has " + std::to_string(bytes.size()) + " bytes, at most " + std::to_string(largest_file) +
                " are read");
  object_ = std::make_unique<json const>(
      parse_json_object({reinterpret_cast<char const*>(bytes.data()), bytes.size()}, where_));
}

json_document::~json_document() = default;

json_fields json_document::fields(key_log* log) const { return {*object_, where_, log}; }

std::string quoted(json const& value) {
  constexpr std::size_t longest = 60;
  if (value.is_structured() && value.size() > 16) return value.is_array() ? "a long list" : "a large object";
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (text.size() > longest) text = text.substr(0, longest) + "...";
  return text;
}

json_fields::json_fields(json const& object, std::string where, key_log* log, std::string path)
    : object_(&object), where_(std::move(where)), log_(log), path_(std::move(path)) {}

void json_fields::note(std::string_view field) const {
  if (log_ != nullptr) log_->add(path_ + std::string(field));
}

std::vector<json_fields::entry> json_fields::unread() const {
  std::vector<entry> out;
  for (auto const& [name, value] : object_->items()) {
    std::string const path = path_ + name;
    if (log_ == nullptr || !log_->has(path))
      out.push_back({path, quoted(value)});
    else if (value.is_object() && log_->has(path + "."))
      std::ranges::move(json_fields(value, where_, log_, path + ".").unread(), std::back_inserter(out));
  }
  return out;
}

json const* json_fields::find(std::string_view field) const {
  note(field);
  auto const found = object_->find(field);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

bool json_fields::names(std::string_view field) const {
  note(field);
  return object_->find(field) != object_->end();
}

bool json_fields::is_empty(std::string_view field) const {
  json const* const value = find(field);
  return value == nullptr || (value->is_structured() && value->empty());
}

std::vector<std::string> json_fields::all() const {
  std::vector<std::string> out;
  for (auto const& [name, value] : object_->items()) {
    note(name);
    out.push_back(name);
  }
  return out;
}

std::vector<std::string> json_fields::objects() const {
  std::vector<std::string> out;
  for (auto const& [name, value] : object_->items())
    if (value.is_object()) out.push_back(name);
  return out;
}

std::string json_fields::quoted_value(std::string_view field) const {
  json const* const value = find(field);
  return value == nullptr ? "null" : quoted(*value);
}

json const& json_fields::required(std::string_view field) const {
  json const* const value = find(field);
  if (value == nullptr) missing(field);
  return *value;
}

int json_fields::extent(std::string_view field) const {
  constexpr int most = detail::largest_extent;
  json const& value = required(field);
  if (!value.is_number_integer()) misfit(field, "it must be a whole number");
  bool const fits = value.is_number_unsigned() ? value.get<std::uint64_t>() <= std::uint64_t{most} : false;
  if (!fits || value.get<std::uint64_t>() == 0) misfit(field, "it must be between 1 and " + std::to_string(most));
  return value.get<int>();
}

std::size_t json_fields::count(std::string_view field, std::size_t otherwise) const {
  json const* const value = find(field);
  if (value == nullptr) return otherwise;
  if (!value->is_number_unsigned()) misfit(field, "it must be a whole number");
  return value->get<std::size_t>();
}

float json_fields::real(std::string_view field, float above) const {
  json const& value = required(field);
  if (!value.is_number()) misfit(field, "it must be a number");
  auto const number = value.get<double>();
  if (!(std::abs(number) <= double{std::numeric_limits<float>::max()})) misfit(field, "float32 cannot hold it");
  auto const result = static_cast<float>(number);
  if (!(result > above)) misfit(field, "it must be more than " + quoted(static_cast<double>(above)));
  return result;
}

std::vector<float> json_fields::reals(std::string_view field) const {
  json const& value = required(field);
  if (!value.is_array()) misfit(field, "it must be a list of numbers");
  std::vector<float> out;
  for (json const& item : value) {
    bool const fits = item.is_number() && std::abs(item.get<double>()) <= double{std::numeric_limits<float>::max()};
    if (!fits) misfit(field, "it must be a list of numbers that float32 can hold");
    out.push_back(static_cast<float>(item.get<double>()));
  }
  return out;
}

int json_fields::share(std::string_view field, int whole) const {
  json const& value = required(field);
  if (!value.is_number()) misfit(field, "it must be a number");
  auto const part = value.get<double>();
  if (!(part > 0 && part <= 1)) misfit(field, "it must be more than 0 and at most 1");
  return static_cast<int>(whole * part);
}

bool json_fields::flag(std::string_view field, bool otherwise) const {
  json const* const value = find(field);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) misfit(field, "it must be true or false");
  return value->get<bool>();
}

std::string json_fields::text(std::string_view field) const {
  json const& value = required(field);
  if (!value.is_string()) misfit(field, "it must be a string");
  return value.get<std::string>();
}

std::vector<std::string> json_fields::texts(std::string_view field) const {
  json const& value = required(field);
  if (!value.is_array()) misfit(field, "it must be a list of strings");
  std::vector<std::string> out;
  for (json const& item : value) {
    if (!item.is_string()) misfit(field, "it must be a list of strings");
    out.push_back(item.get<std::string>());
  }
  return out;
}

json_fields json_fields::object(std::string_view field) const {
  json const& value = required(field);
  if (!value.is_object()) misfit(field, "it must be an object");
  std::string path = path_ + std::string(field) + ".";
  if (log_ != nullptr) log_->add(path);
  return {value, where_ + ": " + std::string(field), log_, std::move(path)};
}

std::vector<long long> json_fields::ids(std::string_view field) const {
  json const& value = required(field);
  std::vector<long long> out;
  auto const take = [&](json const& item) {
    if (!item.is_number_integer()) misfit(field, "it must be a token id or a list of them");
    bool const huge = item.is_number_unsigned() &&
                      item.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<long long>::max());
    out.push_back(huge ? std::numeric_limits<long long>::max() : item.get<long long>());
  };
  if (value.is_array())
    for (json const& item : value) take(item);
  else
    take(value);
  return out;
}

std::vector<std::vector<long long>> json_fields::id_lists(std::string_view field) const {
  json const& value = required(field);
  if (!value.is_array()) misfit(field, "it must be a list of lists of token ids");
  std::vector<std::vector<long long>> out;
  for (json const& list : value) {
    json const object{{field, list}};
    out.push_back(json_fields(object, where_).ids(field));
  }
  return out;
}

void json_fields::misfit(std::string_view field, std::string_view expected) const {
  auto const value = object_->find(field);
  throw error(where_ + ": field \"" + std::string(field) + "\" is " +
              (value == object_->end() ? std::string("missing") : quoted(*value)) + ", " + std::string(expected));
}

void json_fields::missing(std::string_view field) const {
  throw error(where_ + ": field \"" + std::string(field) + "\" is missing");
}

}  // namespace constformer

#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace constformer::serve {

class json_value;
using json_array = std::vector<json_value>;
using json_member = std::pair<std::string, json_value>;
using json_object = std::vector<json_member>;  ///< in the order of the text; names differ

/// A value of JSON. Whole numbers below 2^63 are kept exactly, all others as the nearest double.
class json_value {
 public:
  using content = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, json_array, json_object>;

  json_value() : content_(nullptr) {}
  explicit json_value(content value) : content_(std::move(value)) {}

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(content_); }
  [[nodiscard]] bool const* boolean() const { return std::get_if<bool>(&content_); }
  [[nodiscard]] std::int64_t const* integer() const { return std::get_if<std::int64_t>(&content_); }
  [[nodiscard]] double const* real() const { return std::get_if<double>(&content_); }
  [[nodiscard]] std::string const* text() const { return std::get_if<std::string>(&content_); }
  [[nodiscard]] json_array const* array() const { return std::get_if<json_array>(&content_); }
  [[nodiscard]] json_object const* object() const { return std::get_if<json_object>(&content_); }

  /// The member of that name of an object, or nullptr.
  [[nodiscard]] json_value const* find(std::string_view name) const;

 private:
  content content_;
};

/// Text that is no JSON, or more of it than is read.
struct json_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Arrays and objects within one another at most.
inline constexpr int deepest_json = 64;

/// Reads one value by RFC 8259 and nothing else: UTF-8 without a byte order mark, no surrogate alone, no name
/// twice in an object, no number beyond a double. Throws `json_error` with the offset.
[[nodiscard]] json_value parse_json(std::string_view text);

}  // namespace constformer::serve

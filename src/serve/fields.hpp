#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api_error.hpp"
#include "json.hpp"

namespace constformer::serve {

/// Reads the fields of a request, each within its bounds; null counts as absent. All throw `api_error` (400) with the
/// field's name.
class field_reader {
 public:
  /// Throws unless `body` is an object. It must outlive the reader.
  explicit field_reader(json_value const& body);

  /// The value if it is there, which then counts as read.
  [[nodiscard]] json_value const* find(std::string_view name);
  [[nodiscard]] json_value const& need(std::string_view name);

  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);
  [[nodiscard]] std::optional<float> number(std::string_view name, double least, double most);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  [[nodiscard]] std::optional<std::string> text(std::string_view name);

  /// Takes note that `name` is read elsewhere, or does not matter.
  void ignore(std::string_view name) { read_.push_back(name); }

  /// Refuses the fields that nobody read, unless their value asks for nothing.
  void refuse_rest() const;

 private:
  json_object const* members_;
  std::vector<std::string_view> read_;
};

/// A whole number in [least, most]; `name` is for messages.
[[nodiscard]] std::int64_t integer_of(json_value const& value, std::string_view name, std::int64_t least,
                                      std::int64_t most);
[[nodiscard]] double number_of(json_value const& value, std::string_view name, double least, double most);
[[nodiscard]] std::string const& text_of(json_value const& value, std::string_view name);
[[nodiscard]] json_array const& array_of(json_value const& value, std::string_view name);
[[nodiscard]] json_object const& object_of(json_value const& value, std::string_view name);

}  // namespace constformer::serve

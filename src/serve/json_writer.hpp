#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "json.hpp"

namespace constformer::serve {

/// Writes JSON from front to back; commas come by themselves.
class json_writer {
 public:
  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }
  json_writer& key(std::string_view name);

  /// Text; bytes that are no UTF-8 become U+FFFD.
  json_writer& value(std::string_view text);
  json_writer& value(char const* text) { return value(std::string_view(text)); }
  json_writer& value(std::string const& text) { return value(std::string_view(text)); }
  json_writer& value(bool yes);
  json_writer& value(std::integral auto number) { return whole(static_cast<std::int64_t>(number)); }

  /// The fewest digits that read back as the same number; what is not finite becomes ±9999, as OpenAI writes −∞.
  json_writer& value(float number);
  json_writer& value(double number);
  json_writer& null();

  /// Something that was parsed.
  json_writer& value(json_value const& parsed);

  /// Text that is JSON already.
  json_writer& raw(std::string_view json);

  template <class Value>
  json_writer& member(std::string_view name, Value const& what) {
    return key(name).value(what);
  }

  [[nodiscard]] std::string const& text() const { return out_; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  json_writer& open(char bracket);
  json_writer& close(char bracket);
  json_writer& whole(std::int64_t number);
  void separate();
  void quote(std::string_view text);

  std::string out_;
  bool fresh_ = true;  // nothing stands before the next value that a comma would part it from
};

/// A value as JSON.
[[nodiscard]] std::string json_of(json_value const& value);

}  // namespace constformer::serve

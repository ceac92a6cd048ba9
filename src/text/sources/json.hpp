#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace constformer::text {

using json = nlohmann::json;

/// One JSON document of a tokenizer, with errors that name the file and the field.
class json_file {
 public:
  /// Throws `error` if `bytes` is not a JSON object.
  json_file(std::string_view bytes, std::string_view name);

  [[nodiscard]] json const& root() const { return root_; }
  [[nodiscard]] std::string const& name() const { return name_; }

  /// Throws `error`: "NAME: what".
  [[noreturn]] void fail(std::string const& what) const;

  /// @{ A field of `object`; throws `error` if it is of another type. The first form throws also if it is missing.
  [[nodiscard]] json const& member(json const& object, char const* field) const;
  [[nodiscard]] std::string text(json const& object, char const* field) const;
  [[nodiscard]] std::string text_or(json const& object, char const* field, std::string_view otherwise) const;
  [[nodiscard]] bool flag_or(json const& object, char const* field, bool otherwise) const;
  [[nodiscard]] int integer(json const& value, std::string const& what) const;
  /// @}

  /// The field if it is there and not null.
  [[nodiscard]] json const* find(json const& object, char const* field) const;

  /// The `type` of a component; throws `error` if it is no object with one.
  [[nodiscard]] std::string type_of(json const& component, char const* what) const;

 private:
  std::string name_;
  json root_;
};

/// Ids above this are refused, since a vocabulary is an array up to its largest id.
inline constexpr int largest_id = (1 << 24) - 1;

}  // namespace constformer::text

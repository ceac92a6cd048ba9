#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json.hpp"

namespace constformer::serve {

/// How the value of a parameter is written where calls are no JSON.
enum class value_kind : std::uint8_t {
  text,          ///< as it is
  text_or_null,  ///< the same, but null
  json,
};

/// A parameter of a function, whose values are no plain texts.
struct typed_parameter {
  std::string function;
  std::string name;
  value_kind kind;
};

/// What values of a schema are: texts if it has the type string, or nothing but strings in its enum or const.
[[nodiscard]] value_kind value_kind_of(json_value const& schema);

/// Appends the parameters of a function whose values are no plain texts; `schema` is that of its arguments, or null.
void add_typed(std::vector<typed_parameter>& out, std::string const& function, json_value const* schema);

/// A value of a call as JSON. What should be JSON and is none is a text, and so are values of unknown parameters.
[[nodiscard]] std::string json_of_value(std::vector<typed_parameter> const& typed, std::string_view function,
                                        std::string_view name, std::string_view value);

}  // namespace constformer::serve

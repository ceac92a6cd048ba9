#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "byte_automaton.hpp"
#include "call_style.hpp"
#include "json.hpp"

namespace constformer::serve {

/// The texts that a JSON Schema describes, as far as it is supported: type, properties, required, additionalProperties,
/// items, minItems, maxItems, enum, const, anyOf, oneOf, allOf of one, $ref to $defs. Members come in the order of
/// `properties`. Throws `api_error` with `field` for what is not supported, by name.
[[nodiscard]] text_grammar grammar_of_schema(json_value const& schema, std::string_view field);

/// Any object of JSON.
[[nodiscard]] text_grammar grammar_of_any_object();

/// A function that may be called.
struct described_function {
  std::string name;
  json_value const* parameters;  ///< JSON Schema of an object; nullptr: there are none
  bool strict = true;            ///< arguments must be by the schema, and not any object
};

/// Which calls a text has.
enum class call_extent : std::uint8_t {
  one,      ///< one, and nothing behind it
  several,  ///< one or more
  framed,   ///< one or a list of them, and the words that end it
};

/// Calls of these functions in the way of a model; the words before the first are left out. Throws `api_error` with
/// `field` for schemas that are not supported.
[[nodiscard]] text_grammar grammar_of_calls(std::vector<described_function> const& functions, call_style style,
                                            call_extent extent, std::string_view field);

/// What one of two grammars describes.
[[nodiscard]] text_grammar either(text_grammar one, text_grammar other);

/// What `rest` describes, behind these words.
[[nodiscard]] text_grammar behind(std::string_view words, text_grammar rest);

/// One of these texts.
[[nodiscard]] text_grammar grammar_of_choices(std::vector<std::string> const& choices);

}  // namespace constformer::serve

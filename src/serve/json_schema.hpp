#pragma once

#include <string>
#include <vector>

#include "byte_automaton.hpp"
#include "json.hpp"

namespace constformer::serve {

/// The texts that a JSON Schema describes, as far as it is supported: type, properties, required, additionalProperties,
/// items, minItems, maxItems, enum, const, anyOf, oneOf, allOf of one, $ref to $defs. Members come in the order of
/// `properties`. Throws `api_error` with `field` for what is not supported, by name.
[[nodiscard]] text_grammar grammar_of_schema(json_value const& schema, std::string_view field);

/// Any object of JSON.
[[nodiscard]] text_grammar grammar_of_any_object();

/// One of these texts.
[[nodiscard]] text_grammar grammar_of_choices(std::vector<std::string> const& choices);

}  // namespace constformer::serve

#pragma once

#include "text/jinja/evaluation.hpp"

namespace constformer::jinja {

/// `text % given`, given a tuple or one value: %s, %r, %d, %i, %f, %x and %%, with width and precision.
[[nodiscard]] value formatted_by_percent(evaluation& e, marked_text const& text, value const& given);

/// text.format(…): {}, {0}, {name}, with .attribute and [key], `!r` and `!s`, and a format of fill, alignment, sign,
/// width, comma, precision and one of the types s, d, f and x.
[[nodiscard]] value formatted_by_braces(evaluation& e, marked_text const& text, arguments const& given);

}  // namespace constformer::jinja

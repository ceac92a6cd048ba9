#pragma once

#include <string_view>

#include "text/jinja/syntax.hpp"

namespace constformer::jinja {

/// The tree of a template. Throws `error` with the line and what is wrong there, or what by its name is not known: a
/// tag, a filter, a test, a function of Jinja or a method of Python.
[[nodiscard]] body parse_template(std::string_view source);

}  // namespace constformer::jinja

#pragma once

#include <string_view>

#include "text/jinja/evaluation.hpp"

namespace constformer::jinja {

/// Puts range, dict, namespace, raise_exception and strftime_now into `names`.
void add_functions(evaluation& e, scope& names);

/// Whether jinja2 has a function of that name that is not here.
[[nodiscard]] bool is_missing_function(std::string_view name);

}  // namespace constformer::jinja

#pragma once

#include <string_view>

#include "text/jinja/evaluation.hpp"

namespace constformer::jinja {

/// What `is name` asks: a function of what stands before it and the arguments behind it that gives a bool; nullptr if
/// the name is not known.
[[nodiscard]] callable::function find_test(std::string_view name);

}  // namespace constformer::jinja

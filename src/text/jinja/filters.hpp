#pragma once

#include <string_view>

#include "text/jinja/evaluation.hpp"

namespace constformer::jinja {

/// The filter of that name, which takes what stands before it and the arguments behind it; nullptr if it is not known.
[[nodiscard]] callable::function find_filter(std::string_view name);

/// Whether jinja2 has a filter of that name which is not known here.
[[nodiscard]] bool is_missing_filter(std::string_view name);

/// @{ The filters by what they are about.
[[nodiscard]] callable::function find_text_filter(std::string_view name);
[[nodiscard]] callable::function find_number_filter(std::string_view name);
[[nodiscard]] callable::function find_sequence_filter(std::string_view name);
/// @}

}  // namespace constformer::jinja

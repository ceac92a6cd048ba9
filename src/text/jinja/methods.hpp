#pragma once

#include <optional>
#include <string_view>

#include "text/jinja/evaluation.hpp"

namespace constformer::jinja {

/// The method of Python's type, or nullptr if it has none of that name or only one that changes it.
[[nodiscard]] callable::function find_method(value const& object, std::string_view name);

/// Whether it is a method that would change the object, which templates may not (ImmutableSandboxedEnvironment).
[[nodiscard]] bool changes_object(value const& object, std::string_view name);

/// Whether Python's texts, lists or dicts have such a method, and this implementation has not.
[[nodiscard]] bool is_missing_method(std::string_view name);

/// `loop.index` and the like; nothing if `loop` has no such attribute.
[[nodiscard]] std::optional<value> loop_attribute(evaluation& e, loop_state& loop, std::string_view name);

/// @{ The methods of each type.
[[nodiscard]] callable::function find_text_method(std::string_view name);
[[nodiscard]] callable::function find_list_method(std::string_view name);
[[nodiscard]] callable::function find_dict_method(std::string_view name);
/// @}

}  // namespace constformer::jinja

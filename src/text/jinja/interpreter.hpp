#pragma once

#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "text/jinja/heap.hpp"
#include "text/jinja/syntax.hpp"

namespace constformer::jinja {

/// What a template is rendered with.
struct input {
  std::vector<std::pair<std::string, nlohmann::ordered_json>> trusted;  ///< names with values that the caller chose
  /// Names with values that come from the conversation: their texts are marked but for what stands under the key
  /// "role", of which templates make special tokens.
  std::vector<std::pair<std::string, nlohmann::ordered_json>> told;
  std::tm now{};  ///< for strftime_now
};

/// What the template prints. Throws `error` with the line where it fails, refuses (raise_exception), or uses more than
/// `most`.
[[nodiscard]] marked_text render(body const& tree, input const& in, limits const& most = {});

}  // namespace constformer::jinja

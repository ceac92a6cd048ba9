#pragma once

#include <string_view>

namespace constformer::command {

/// Writes all of `text` to standard output; throws `error` if that fails (a full disk behind a redirection).
void print(std::string_view text);

}  // namespace constformer::command

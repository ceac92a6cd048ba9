#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "constformer/config/config.hpp"

namespace constformer::command {

/// A C++ identifier made from the last part of `path`, extension aside: "stories-15M.bin" gives stories_15M.
[[nodiscard]] std::string identifier_from(std::filesystem::path const& path);

/// Whether `name` can name a variable: letters, digits and single underscores, no keyword.
[[nodiscard]] bool is_identifier(std::string_view name);

/// A header that defines `constformer::configs::NAME` as exactly `c`: the family's helper, and what differs from it.
/// Floating-point values are written with the fewest digits that give the same float. `source` is named in the comment.
[[nodiscard]] std::string config_header(config const& c, std::string_view name, std::string_view source);

}  // namespace constformer::command

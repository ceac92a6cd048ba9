#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/gguf.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/config/config.hpp"

// Every key of a GGUF file's architecture is read, refused unless it is 0, or left unread for a reason below.
// The names are those of the Python package gguf; tests/formats/gguf_keys.json lists them.

namespace constformer {

/// A key that no reader looks at.
struct spare_gguf_key {
  std::string_view architectures;  ///< with blanks between them; empty: all
  std::string_view keys;           ///< without the architecture, with blanks between them
  std::string_view why;            ///< it cannot matter
};

[[nodiscard]] std::span<spare_gguf_key const> spare_gguf_keys();

/// Keys that ask for arithmetic which `config` cannot say, unless they are 0, with blanks between them.
[[nodiscard]] std::string_view refused_gguf_keys();

/// What is left of the architecture's keys when `read` was looked up: refuses those that are refused, gives the others.
[[nodiscard]] std::vector<unread_key> unread_gguf_keys(gguf_file const& file, std::string_view architecture,
                                                       config const& model,
                                                       std::set<std::string, std::less<>> const& read);

}  // namespace constformer

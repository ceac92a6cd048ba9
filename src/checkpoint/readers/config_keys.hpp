#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "json.hpp"

// Every key of a config.json is read, refused by its value, or left unread for a reason that stands here. The readers
// of the families look keys up, `json_fields` notes which; the two tables are of all others.
// tests/formats/config_keys.cpp holds them against what transformers does with each key of each family.

namespace constformer {

/// A key that may have one value alone: with any other the arithmetic is one that `config` cannot say.
struct fixed_key {
  std::string_view families;  ///< by model_type, with blanks between them; empty: all
  std::string_view key;
  std::string_view only;      ///< as JSON; empty: the key must be absent or null
  std::string_view expected;  ///< what the message says
};

/// A key that no reader looks at.
struct spare_key {
  std::string_view families;  ///< by model_type, with blanks between them; empty: all
  std::string_view keys;      ///< with blanks between them; a path, if the key is inside an object
  std::string_view why;       ///< it cannot matter
};

/// The tables, as docs/formats.md shows them.
[[nodiscard]] std::span<fixed_key const> fixed_keys();
[[nodiscard]] std::span<spare_key const> spare_keys();

/// Whether `name` is one of `list`, which has blanks between its words; an empty list means all.
[[nodiscard]] bool is_listed(std::string_view list, std::string_view name);

/// Refuses the values that `fixed_keys` does not allow a file of this model_type.
void refuse_other_values(json_fields const& fields, std::string_view model_type);

/// What no reader looked up in the file, with the reasons of `spare_keys`; a key that nobody knows has none.
[[nodiscard]] std::vector<unread_key> unread_keys(json_fields const& fields, std::string_view model_type);

}  // namespace constformer

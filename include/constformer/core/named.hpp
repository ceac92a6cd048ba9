#pragma once

#include <optional>
#include <string_view>

/// Enumerators and their names, a table for each enumeration: `kind_names(Kind)` returns it, in the namespace of Kind.
namespace constformer {

namespace detail {

/// A row of such a table.
template <class Kind>
struct named {
  Kind kind;
  std::string_view name;  // as files, config headers and messages write it
};

}  // namespace detail

/// The enumerator's name; "?" if its table has none.
template <class Kind>
  requires requires(Kind k) { kind_names(k); }
[[nodiscard]] constexpr std::string_view name_of(Kind kind) {
  for (auto const& [value, name] : kind_names(kind))
    if (value == kind) return name;
  return "?";
}

/// The enumerator of that name, if there is one.
template <class Kind>
  requires requires(Kind k) { kind_names(k); }
[[nodiscard]] constexpr std::optional<Kind> kind_from(std::string_view name) {
  for (auto const& [value, text] : kind_names(Kind{}))
    if (text == name) return value;
  return std::nullopt;
}

}  // namespace constformer

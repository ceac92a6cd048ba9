#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "constformer/core/check.hpp"
#include "constformer/core/text.hpp"
#include "constformer/layers/parameter_table.hpp"

namespace constformer {

/// Parameters that one set of options moves.
template <class Options>
struct parameter_group {
  std::string_view name;                  ///< in messages
  bool (*takes)(parameter_entry const&);  ///< by role, shape or name
  Options options;                        ///< of its optimizer
};

/// True of matrices and embeddings: what decays in most recipes.
[[nodiscard]] constexpr bool is_matrix(parameter_entry const& p) { return p.cols > 0; }
/// True of scales and biases.
[[nodiscard]] constexpr bool is_vector(parameter_entry const& p) { return p.cols == 0; }

namespace detail {

template <std::size_t Entries>
struct group_table {
  std::array<int, Entries> group{};  // by entry of the parameter table
  message misfit{};
};

template <class Model, auto const& Groups>
constexpr auto make_group_table() {
  constexpr auto const& table = parameter_table<Model>;
  group_table<table.size()> out;
  for (std::size_t i = 0; i < table.size(); ++i) {
    int taken = -1;
    for (std::size_t g = 0; g < Groups.size(); ++g) {
      if (!Groups[g].takes(table[i])) continue;
      if (taken >= 0 && out.misfit.empty())
        out.misfit = format_message("optimizer: {} is in two groups, {} and {}", table[i].name,
                                    Groups[static_cast<std::size_t>(taken)].name, Groups[g].name);
      taken = static_cast<int>(g);
    }
    if (taken < 0 && out.misfit.empty())
      out.misfit = format_message("optimizer: {} is in none of {} groups", table[i].name, Groups.size());
    out.group[i] = taken;
  }
  return out;
}

}  // namespace detail

/// The group of each entry of `parameter_table<Model>`. A parameter that no group takes, or two, does not compile.
template <class Model, auto const& Groups>
struct grouped {
  static constexpr auto table = detail::make_group_table<Model, Groups>();  ///< by entry
  static_assert(require_empty<table.misfit>::value);
};

}  // namespace constformer

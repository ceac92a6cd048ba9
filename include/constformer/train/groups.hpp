#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "constformer/core/check.hpp"
#include "constformer/core/text.hpp"
#include "constformer/layers/parameter.hpp"
#include "constformer/layers/parameter_table.hpp"

namespace constformer {

/// Parameters that one optimizer moves. Groups of a model are a `std::array` of these, or a `std::tuple` where they
/// have different optimizers.
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
/// True of tables whose rows are looked up, of a head that is tied to one, too.
[[nodiscard]] constexpr bool is_embedding(parameter_entry const& p) { return p.role == parameter_role::embedding; }
/// True of what each of several layers has.
[[nodiscard]] constexpr bool is_repeated(parameter_entry const& p) {
  return p.name.view().find('*') != std::string_view::npos;
}
/// True of matrices of repeated layers: what Muon is for.
[[nodiscard]] constexpr bool is_block_matrix(parameter_entry const& p) {
  return p.role == parameter_role::matrix && is_repeated(p);
}

namespace detail {

template <auto const& Groups>
inline constexpr std::size_t group_count = std::tuple_size_v<std::remove_cvref_t<decltype(Groups)>>;

template <std::size_t Entries>
struct group_table {
  std::array<int, Entries> group{};  // by entry of the parameter table
  message misfit{};
};

// What is wrong with group `g` taking `entry`, which group `before` has taken already unless it is negative.
template <class Group, class Names>
constexpr message judge_group(parameter_entry const& entry, Group const& g, int before, Names const& names) {
  if (before >= 0)
    return format_message("optimizer: {} is in two groups, {} and {}", entry.name,
                          names[static_cast<std::size_t>(before)], g.name);
  if constexpr (requires { decltype(g.options)::moves_matrices_only; })
    if (entry.cols == 0)
      return format_message("optimizer: {} is a vector of {}, group {} moves matrices only", entry.name, entry.rows,
                            g.name);
  return {};
}

template <class Model, auto const& Groups, parameter_filter const* Trains>
constexpr auto make_group_table() {
  constexpr auto const& table = parameter_table<Model>;
  group_table<table.size()> out;
  std::apply(
      [&](auto const&... groups) {
        std::array<std::string_view, sizeof...(groups)> const names{groups.name...};
        for (std::size_t i = 0; i < table.size(); ++i) {
          int taken = -1, next = 0;
          auto const offer = [&](auto const& group) {
            if (group.takes(table[i])) {
              message const misfit = judge_group(table[i], group, taken, names);
              if (out.misfit.empty()) out.misfit = misfit;
              taken = next;
            }
            ++next;
          };
          if (learns(Trains, table[i])) (offer(groups), ...);
          if (taken < 0 && learns(Trains, table[i]) && out.misfit.empty())
            out.misfit = format_message("optimizer: {} is in none of {} groups", table[i].name, sizeof...(groups));
          out.group[i] = taken;
        }
      },
      Groups);
  return out;
}

}  // namespace detail

/// The group of each entry of `parameter_table<Model>`, −1 of those that do not learn. Another parameter that no group
/// takes, or two, does not compile, nor does a vector in a group whose optimizer is for matrices.
template <class Model, auto const& Groups, parameter_filter const* Trains = nullptr>
struct grouped {
  static constexpr auto table = detail::make_group_table<Model, Groups, Trains>();  ///< by entry
  static_assert(require_empty<table.misfit>::value);
};

/// The place among `Groups` of the one of that name, which must be there.
template <auto const& Groups, fixed_text Name>
[[nodiscard]] consteval std::size_t group_named() {
  constexpr std::size_t at = std::apply(
      [](auto const&... groups) {
        std::size_t next = 0;
        bool found = false;
        ((found = found || groups.name == Name.view(), next += found ? 0 : 1), ...);
        return next;
      },
      Groups);
  static_assert(check<(at < detail::group_count<Groups>), "optimizer: no group is named {}", Name>::value);
  return at;
}

}  // namespace constformer

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "constformer/core/check.hpp"
#include "constformer/core/members.hpp"
#include "constformer/core/text.hpp"
#include "constformer/core/type_text.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// One parameter, or one for each of `layers` equal layers.
struct parameter_entry {
  parameter_name name;                           ///< `blocks.*.attention.query.weight`
  parameter_role role = parameter_role::matrix;  ///< as its `parameter` type says
  int rows = 0;                                  ///< outputs of a matrix, ids of an embedding, length of a vector
  int cols = 0;                                  ///< 0: a vector
  int layers = 1;                                ///< times that it occurs

  /// Values of one occurrence: rows·cols, or the length of a vector.
  [[nodiscard]] constexpr std::int64_t size() const { return std::int64_t{rows} * (cols == 0 ? 1 : cols); }
};

/// Some parameters of a model. Constants of this type are what `learning::trains` points to: g++ 12 takes a pointer to
/// an object as a part of a template argument, but none to a function.
struct parameter_filter {
  bool (*takes)(parameter_entry const&);  ///< true of these
};

/// Whether `p` learns where `trains` says which do; null: all.
[[nodiscard]] constexpr bool learns(parameter_filter const* trains, parameter_entry const& p) {
  return trains == nullptr || trains->takes(p);
}

namespace detail {

template <class Member>
inline constexpr bool is_parameter = false;
template <parameter_role Role, int Rows, int Cols>
inline constexpr bool is_parameter<parameter<Role, Rows, Cols>> = true;

template <class Member>
inline constexpr bool is_repeated = false;
template <class Layer, int Count>
inline constexpr bool is_repeated<repeated<Layer, Count>> = true;

constexpr parameter_name joined(parameter_name prefix, std::string_view name) {
  if (!prefix.empty()) prefix << std::string_view(".");
  return prefix << name;
}

template <class Member, class Owner, class Visit>
constexpr void walk(parameter_name const& name, int layers, Visit& visit) {
  if constexpr (is_parameter<Member>) {
    visit(parameter_entry{name, Member::role, Member::rows, Member::cols, layers});
  } else if constexpr (is_repeated<Member>) {
    walk<typename Member::layer, Owner>(joined(name, "*"), layers * Member::count, visit);
  } else if constexpr (is_struct<Member>) {
    for_each_member<Member>([&](std::string_view member, auto type) {
      walk<typename decltype(type)::type, Member>(joined(name, member), layers, visit);
    });
  } else if constexpr (!std::is_same_v<Member, absent>) {
    static_assert(check<is_struct<Member>, "{}: a member is {}, which is neither a parameter nor a layer",
                        type_text<Owner>(), type_text<Member>()>::value);
  }
}

template <class Layer>
constexpr std::size_t count_entries() {
  std::size_t count = 0;
  auto visit = [&](parameter_entry const&) { ++count; };
  walk<Layer, Layer>({}, 1, visit);
  return count;
}

template <class Layer>
constexpr auto make_parameter_table() {
  std::array<parameter_entry, count_entries<Layer>()> table{};
  std::size_t next = 0;
  auto visit = [&](parameter_entry const& entry) { table[next++] = entry; };
  walk<Layer, Layer>({}, 1, visit);
  return table;
}

}  // namespace detail

/// Every parameter of a layer or a model, in the order of its members: the one walk of the type tree. Loading, packing,
/// counting and checking are ordinary loops over this table.
template <class Layer>
inline constexpr auto parameter_table = detail::make_parameter_table<Layer>();

/// Weights and biases of a layer or a model, each repeated layer counted; of those that `trains` says.
template <class Layer>
[[nodiscard]] constexpr std::int64_t count_parameters(parameter_filter const* trains = nullptr) {
  std::int64_t total = 0;
  for (auto const& entry : parameter_table<Layer>)
    if (learns(trains, entry)) total += entry.size() * entry.layers;
  return total;
}

}  // namespace constformer

#pragma once

#include <string_view>
#include <type_traits>

#include <boost/hana/accessors.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/core/to.hpp>
#include <boost/hana/define_struct.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/unpack.hpp>

namespace constformer {

/// The type of one member, as a value that can be passed to a function.
template <class Member>
struct member_type {
  using type = Member;  ///< what the member is declared as, without const and reference
};

/// True of a struct whose members `for_each_member` visits.
template <class Struct>
inline constexpr bool is_struct = boost::hana::Struct<Struct>::value;

/// Calls `visit(name, member_type<M>{})` for each member of a Boost.Hana struct, in order. No object of it is made.
///
/// This is the only place that knows Hana's structs, so that reflection can replace them. It uses `accessors`, which
/// name members without copying them, as `members` and `for_each` on an object would.
template <class Struct, class Visit>
  requires is_struct<Struct>
constexpr void for_each_member(Visit&& visit) {
  namespace hana = boost::hana;
  hana::unpack(hana::accessors<Struct>(), [&](auto... accessor) {
    (visit(std::string_view(hana::to<char const*>(hana::first(decltype(accessor){}))),
           member_type<std::remove_cvref_t<decltype(hana::second(accessor)(std::declval<Struct&>()))>>{}),
     ...);
  });
}

/// Calls `visit(name, member)` for each member of an object of a Boost.Hana struct, in order; `member` is a reference.
template <class Struct, class Visit>
constexpr void for_each_member(Struct& object, Visit&& visit) {
  namespace hana = boost::hana;
  hana::unpack(hana::accessors<std::remove_const_t<Struct>>(), [&](auto... accessor) {
    (visit(std::string_view(hana::to<char const*>(hana::first(decltype(accessor){}))), hana::second(accessor)(object)),
     ...);
  });
}

}  // namespace constformer

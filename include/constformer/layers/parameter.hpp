#pragma once

#include <cstdint>
#include <type_traits>

#include "constformer/core/check.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/loops.hpp"
#include "constformer/graph/value.hpp"

namespace constformer {

/// What a parameter is to a loader, a quantiser or an optimizer.
enum class parameter_role : std::uint8_t { matrix, embedding, scale, bias };

/// One tensor of a layer: shape and role, no storage. A vector has Cols = 0 and rank 1.
template <parameter_role Role, int Rows, int Cols = 0>
struct parameter {
  static constexpr parameter_role role = Role;  ///< decides how it is packed and whether it may be quantised
  static constexpr int rows = Rows;             ///< outputs of a matrix, ids of an embedding, length of a vector
  static constexpr int cols = Cols;             ///< inputs of a matrix, width of an embedding; 0: a vector
  int index = -1;                               ///< its place in the table of a model that is being traced

  /// Its node in the graph of `beside`: (Rows, channels), or one row of a vector.
  [[nodiscard]] constexpr value in(value beside, call where) const {
    graph& g = beside.owner();
    if (index < 0) g.fail(where, format_message("parameter: the model has not been numbered"));
    value_shape shape{.rank = 1, .axes = {{axes::channels, Rows}}};
    if (Cols > 0) shape = shape.with_axes(axis{axes::vocab, Rows}, axis{axes::channels, Cols});
    return detail::emit(g, node_kind::parameter, shape, {}, where, index);
  }
  /// A vector as a value of one row (channels=Rows), to be computed with.
  [[nodiscard]] constexpr value row(value beside, call where = call::current()) const {
    static_assert(Cols == 0, "a matrix is no row");
    value const held = in(beside, where);
    return detail::emit(beside.owner(), node_kind::copy, held.shape(), {held.id()}, where);
  }
};

/// Stands in a layer for a tensor or a layer that this config does not have.
struct absent {};

/// `Member` if `Present`, else nothing.
template <bool Present, class Member>
using member_if = std::conditional_t<Present, Member, absent>;

namespace detail {

/// The node of a parameter that a layer may lack: −1 of `absent`.
template <class Member>
constexpr int node_of(Member const& member, value beside, call where) {
  if constexpr (requires { member.in(beside, where); }) return member.in(beside, where).id();
  return -1;
}

}  // namespace detail

/// Compiles only if what `First` gives is what `Second` takes: (T, First::out) into (T, Second::in).
template <class First, class Second>
struct chained {
  static_assert(check<(First::out == Second::in), "chain: the first layer gives {} columns, the next takes {}",
                      First::out, Second::in>::value);
  static constexpr bool value = true;  ///< true, or the struct does not compile
};

/// `Count` equal layers: one type, and a loop at run time. Each takes what the one before it gives.
template <class Layer, int Count>
struct repeated {
  static_assert(check<(Count > 0), "repeated: count={} must be positive", Count>::value);
  static_assert([] {
    if constexpr (Count > 1 && requires { Layer::in == Layer::out; }) return chained<Layer, Layer>::value;
    return true;
  }());
  using layer = Layer;                 ///< the type that all of them have
  static constexpr int count = Count;  ///< how many
  Layer each{};                        ///< any of them, for tracing

  /// x through all layers, one after the other: a loop whose body is traced once. `captured` are values that every
  /// layer sees.
  template <class... Captured>
  constexpr value operator()(value x, Captured... captured) const {
    return repeat(x, Count, [&](value in) { return each(in, captured...); });
  }
};

}  // namespace constformer

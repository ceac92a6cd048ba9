#pragma once

#include <initializer_list>
#include <source_location>

#include "constformer/core/text.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/graph/shape.hpp"

namespace constformer {

/// What a forward pass computes with: a node of the graph that the call leaves behind. Cheap to copy.
class value {
 public:
  /// Node `id` of `g`, which must outlive it.
  constexpr value(graph& g, int id) : graph_(&g), id_(id) {}

  /// Its graph.
  [[nodiscard]] constexpr graph& owner() const { return *graph_; }
  /// Its node.
  [[nodiscard]] constexpr int id() const { return id_; }
  /// Rows and axes. A copy: nodes move when the graph grows.
  [[nodiscard]] constexpr value_shape shape() const { return graph_->at(id_).shape; }

 private:
  graph* graph_;
  int id_;
};

/// Place of a call in the model's code; the default argument of every layer's and operation's last parameter.
using call = std::source_location;

namespace detail {

/// Appends the node that `kind` makes of `inputs`.
constexpr value emit(graph& g, node_kind kind, value_shape shape, std::initializer_list<int> inputs, call where,
                     int index = 0, float factor = 0.0F) {
  node n{.kind = kind, .shape = shape, .index = index, .factor = factor, .where = where};
  std::size_t i = 0;
  for (int input : inputs) n.inputs[i++] = input;
  return {g, g.push(n)};
}

/// Reports that two shapes should be one.
constexpr void expect_same(std::string_view what, value a, value b, call where) {
  if (a.shape() != b.shape())
    a.owner().fail(where, format_message("{}: {} and {}", what, describe(a.shape()), describe(b.shape())));
}

}  // namespace detail

/// a + b, of one shape.
constexpr value add(value a, value b, call where = call::current()) {
  detail::expect_same("add", a, b, where);
  return detail::emit(a.owner(), node_kind::add, a.shape(), {a.id(), b.id()}, where);
}

/// a − b, of one shape.
constexpr value subtract(value a, value b, call where = call::current()) {
  detail::expect_same("subtract", a, b, where);
  return detail::emit(a.owner(), node_kind::subtract, a.shape(), {a.id(), b.id()}, where);
}

/// a·b point by point. b has the shape of a, or all of its axes but the innermost: one factor for each row of that.
constexpr value multiply(value a, value b, call where = call::current()) {
  if (b.shape() != a.shape().without_last()) detail::expect_same("multiply", a, b, where);
  return detail::emit(a.owner(), node_kind::multiply, a.shape(), {a.id(), b.id()}, where);
}

/// factor·a.
constexpr value scale(value a, float factor, call where = call::current()) {
  return detail::emit(a.owner(), node_kind::scale, a.shape(), {a.id()}, where, 0, factor);
}

/// A value and the place of the operator it stands beside: operators have no room for a default argument.
struct placed_value {
  value held;  ///< the operand
  call where;  ///< of the operator
  /// Made where the operator stands.
  constexpr placed_value(value v, call at = call::current()) : held(v), where(at) {}  // NOLINT
};

/// `add`.
constexpr value operator+(placed_value a, placed_value b) { return add(a.held, b.held, a.where); }
/// `subtract`.
constexpr value operator-(placed_value a, placed_value b) { return subtract(a.held, b.held, a.where); }
/// `multiply`.
constexpr value operator*(placed_value a, placed_value b) { return multiply(a.held, b.held, a.where); }

}  // namespace constformer

#pragma once

#include <array>
#include <cstddef>

#include "constformer/core/text.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/value.hpp"

namespace constformer {

namespace detail {

/// True of nodes that take a step to compute: their values lie in memory of their own, which a loop can hand on.
constexpr bool computes(node const& n) {
  switch (n.kind) {
    case node_kind::ids:
    case node_kind::input:
    case node_kind::parameter:
    case node_kind::carry_in:
    case node_kind::carry_out:
    case node_kind::slice:
    case node_kind::reshape:
    case node_kind::stop:
    case node_kind::written: return false;
    default: return true;
  }
}

/// Opens a loop; what is pushed from now on is its body.
constexpr int open_loop(graph& g, int layers, call where) {
  if (g.open_loop >= 0) g.fail(where, format_message("repeat: a loop within a loop is not supported"));
  if (layers < 1) g.fail(where, format_message("repeat: {} layers, at least 1 is needed", layers));
  g.loops.push_back({.layers = layers, .begin = static_cast<int>(g.nodes.size())});
  g.open_loop = static_cast<int>(g.loops.size()) - 1;
  return g.open_loop;
}

/// What the open loop carries, beginning with node `initial`, as an iteration finds it.
constexpr int carry_in(graph& g, int initial, call where) {
  return emit(g, node_kind::carry_in, g.at(initial).shape, {initial}, where).id();
}

/// Makes of the node that an iteration ends with one that lies in memory of its own and is no other carry's.
template <std::size_t N>
constexpr void own_ends(graph& g, std::array<int, N>& ends, call where) {
  for (std::size_t i = 0; i < N; ++i) {
    bool shared = !computes(g.at(ends[i])) || g.at(ends[i]).loop != g.open_loop;
    for (std::size_t j = 0; j < i; ++j) shared = shared || ends[j] == ends[i];
    if (shared) ends[i] = emit(g, node_kind::copy, g.at(ends[i]).shape, {ends[i]}, where).id();
  }
}

/// Closes the open loop.
constexpr void close_loop(graph& g) {
  g.loops[static_cast<std::size_t>(g.open_loop)].end = static_cast<int>(g.nodes.size());
  g.open_loop = -1;
}

}  // namespace detail

/// What a loop carries from layer to layer.
template <std::size_t N>
using carried_values = std::array<value, N>;

/// body(carried) `layers` times, one after the other: a loop whose body is traced once. The body takes and gives
/// `carried_values<N>`. Parameters of the body are those of the layer at hand; other values that it uses are the same
/// in all iterations.
template <std::size_t N, class Body>
constexpr carried_values<N> repeat(carried_values<N> carried, int layers, Body const& body,
                                   call where = call::current()) {
  graph& g = carried[0].owner();
  detail::open_loop(g, layers, where);
  carried_values<N> in = carried;
  for (std::size_t i = 0; i < N; ++i) in[i] = {g, detail::carry_in(g, carried[i].id(), where)};
  carried_values<N> const out = body(in);
  std::array<int, N> ends{};
  for (std::size_t i = 0; i < N; ++i) {
    detail::expect_same("repeat: a layer takes and gives", in[i], out[i], where);
    ends[i] = out[i].id();
  }
  detail::own_ends(g, ends, where);
  detail::close_loop(g);
  for (std::size_t i = 0; i < N; ++i)
    carried[i] = detail::emit(g, node_kind::carry_out, carried[i].shape(), {ends[i], in[i].id()}, where);
  return carried;
}

/// The same with one value.
template <class Body>
constexpr value repeat(value x, int layers, Body const& body, call where = call::current()) {
  return repeat(
      carried_values<1>{x}, layers, [&](carried_values<1> in) { return carried_values<1>{body(in[0])}; }, where)[0];
}

/// make() in the layers of `set` alone, 0 of its shape in the others, within a loop. Parameters that `make` uses are
/// those of the set: its k-th layer has the k-th of them.
template <class Make>
constexpr value in_layers(graph& g, layer_set const& set, Make const& make, call where = call::current()) {
  if (g.open_loop < 0) g.fail(where, format_message("in_layers: there is no loop"));
  if (g.open_set >= 0) g.fail(where, format_message("in_layers: a set within a set is not supported"));
  g.sets.push_back(set);
  int const index = static_cast<int>(g.sets.size()) - 1;
  g.open_set = index;
  value const made = make();
  g.open_set = -1;
  return detail::emit(g, node_kind::sometimes, made.shape(), {made.id()}, where, index);
}

}  // namespace constformer

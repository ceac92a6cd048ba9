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
    case node_kind::stop: return false;
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

/// body(x) `layers` times, one after the other: a loop whose body is traced once. Parameters of the body are those of
/// the layer at hand; other values that it uses are the same in all iterations.
template <class Body>
constexpr value repeat(value x, int layers, Body const& body, call where = call::current()) {
  graph& g = x.owner();
  detail::open_loop(g, layers, where);
  value const in{g, detail::carry_in(g, x.id(), where)};
  value const out = body(in);
  detail::expect_same("repeat: a layer takes and gives", in, out, where);
  std::array<int, 1> ends{out.id()};
  detail::own_ends(g, ends, where);
  detail::close_loop(g);
  return detail::emit(g, node_kind::carry_out, x.shape(), {ends[0], in.id()}, where);
}

}  // namespace constformer

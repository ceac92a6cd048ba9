#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "constformer/core/text.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/loops.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/passes/lower/phase.hpp"

namespace constformer::detail {

/// A graph on its way into phases: what the rewrites share. Each rewrite claims nodes for phases; what none has claimed
/// when the last one is done is a misfit.
class lowering {
 public:
  constexpr explicit lowering(graph_view g) : graph(g), owners_(g.nodes.size(), -1) {}

  /// The node of that id.
  [[nodiscard]] constexpr node const& at(int id) const { return graph.at(id); }

  /// The node whose value another shows in a view: by other axes, or without the log-sum-exps behind heads.
  [[nodiscard]] constexpr int source(int id) const {
    while (id >= 0) {
      node const& n = at(id);
      bool const of_heads = n.kind == node_kind::slice && at(n.inputs[0]).kind == node_kind::attention;
      if (n.kind != node_kind::reshape && n.kind != node_kind::stop && !of_heads) break;
      id = n.inputs[0];
    }
    return id;
  }
  /// The value that a node reads as its input i; −1: none.
  [[nodiscard]] constexpr int input(int id, std::size_t i = 0) const { return source(at(id).inputs[i]); }

  /// True of nodes that show a value and do not read it.
  [[nodiscard]] constexpr bool is_view(int id) const { return source(id) != id; }

  /// visit(node) for each node that reads value `id`, once for each input that does.
  template <class Visit>
  constexpr void each_reader(int id, Visit const& visit) const {
    for (int reader = id + 1; reader < graph.size(); ++reader)
      if (!is_view(reader))
        for (int in : at(reader).inputs)
          if (in >= 0 && source(in) == id) visit(reader);
  }
  /// The one node that reads value `id`; −1: nobody does, several do, or it is the result.
  [[nodiscard]] constexpr int sole_reader(int id) const {
    int only = -1, count = 0;
    each_reader(id, [&](int reader) {
      only = reader;
      ++count;
    });
    return count == 1 && source(graph.result) != id ? only : -1;
  }

  /// The phase that has claimed a node; −1: none has.
  [[nodiscard]] constexpr int owner(int id) const { return owners_[static_cast<std::size_t>(id)]; }
  /// Claims a node for a phase.
  constexpr void claim(int id, int phase) { owners_[static_cast<std::size_t>(id)] = phase; }
  /// Appends a phase that gives the value of node `out`; returns its index.
  constexpr int add(phase_kind kind, int out) {
    phases.push_back({.kind = kind, .loop = at(out).loop, .out = out});
    claim(out, static_cast<int>(phases.size()) - 1);
    return static_cast<int>(phases.size()) - 1;
  }
  /// A phase.
  constexpr phase& of(int index) { return phases[static_cast<std::size_t>(index)]; }

  /// Says why a node cannot be lowered, with the place of its call; the first reason counts.
  constexpr void fail(int id, std::string_view why) {
    struct graph said;
    said.misfit = misfit;
    said.fail(at(id).where, format_message("lower: {}", why));
    misfit = said.misfit;
  }

  graph_view graph;           ///< what is lowered
  std::vector<phase> phases;  ///< so far, in any order
  message misfit;             ///< the first reason why it cannot be; empty: none

 private:
  std::vector<int> owners_;  // by node
};

}  // namespace constformer::detail

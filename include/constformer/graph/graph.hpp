#pragma once

#include <array>
#include <cstddef>
#include <source_location>
#include <span>
#include <string_view>
#include <vector>

#include "constformer/core/text.hpp"
#include "constformer/graph/node.hpp"

namespace constformer {

/// Nodes and loops as a pass reads them.
struct graph_view {
  std::span<node const> nodes;  ///< each reads only nodes before it, but for loops' ends
  std::span<loop const> loops;  ///< in the order of their first nodes
  int result = -1;              ///< the node that the pass is for
  /// The node of that id.
  [[nodiscard]] constexpr node const& at(int id) const { return nodes[static_cast<std::size_t>(id)]; }
  /// How many nodes there are.
  [[nodiscard]] constexpr int size() const { return static_cast<int>(nodes.size()); }
};

/// A forward or backward pass as a value. It grows while it is traced, in the compiler or at run time.
struct graph {
  std::vector<node> nodes;  ///< in the order in which they run
  std::vector<loop> loops;  ///< in the order of their first nodes
  int result = -1;          ///< the node that the pass is for
  message misfit;           ///< the first call that does not fit; empty if all do
  int open_loop = -1;       ///< the loop whose body is being traced

  /// Reads as what passes take.
  constexpr operator graph_view() const { return {nodes, loops, result}; }  // NOLINT(google-explicit-constructor)

  /// Appends a node; returns its id.
  constexpr int push(node n) {
    n.loop = open_loop;
    nodes.push_back(n);
    return static_cast<int>(nodes.size()) - 1;
  }
  /// The node of that id.
  [[nodiscard]] constexpr node const& at(int id) const { return nodes[static_cast<std::size_t>(id)]; }
  /// Keeps the first sentence about what does not fit, with the place of the call.
  constexpr void fail(std::source_location where, message const& sentence) {
    if (!misfit.empty()) return;
    std::string_view file = where.file_name();
    file = file.substr(file.rfind('/') + 1);
    misfit << sentence.view() << std::string_view(" (") << file << std::string_view(":")
           << static_cast<int>(where.line()) << std::string_view(")");
  }
};

/// A graph of a known size: what a constant can be.
template <std::size_t Nodes, std::size_t Loops>
struct frozen_graph {
  std::array<node, Nodes> nodes{};  ///< as in `graph`
  std::array<loop, Loops> loops{};  ///< as in `graph`
  int result = -1;                  ///< as in `graph`
  message misfit{};                 ///< as in `graph`

  /// Reads as what passes take.
  constexpr operator graph_view() const { return {nodes, loops, result}; }  // NOLINT(google-explicit-constructor)
};

/// The graph that `Make` gives, as a constant. Make is called twice: once for the sizes.
template <auto Make>
[[nodiscard]] consteval auto freeze() {
  struct sizes {
    std::size_t nodes, loops;
  };
  constexpr sizes size = [] {
    graph const g = Make();
    return sizes{g.nodes.size(), g.loops.size()};
  }();
  graph const g = Make();
  frozen_graph<size.nodes, size.loops> out;
  for (std::size_t i = 0; i < size.nodes; ++i) out.nodes[i] = g.nodes[i];
  for (std::size_t i = 0; i < size.loops; ++i) out.loops[i] = g.loops[i];
  out.result = g.result;
  out.misfit = g.misfit;
  return out;
}

}  // namespace constformer

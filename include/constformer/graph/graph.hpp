#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string_view>
#include <vector>

#include "constformer/config/config.hpp"
#include "constformer/config/layer_set.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/attend_options.hpp"
#include "constformer/graph/layer_values.hpp"
#include "constformer/graph/node.hpp"

namespace constformer {

struct parameter_filter;

/// Which values of equal layers a backward pass computes anew instead of keeping them from the forward pass.
enum class recompute_kind : std::uint8_t {
  none,       ///< all that gradients need are kept, of every layer
  pointwise,  ///< norms, activations and products value by value are computed again from what is kept beside them anyway
  blocks  ///< what each layer began with is kept; the rest of one layer at a time is computed again (arXiv:1604.06174)
};

/// What a pass does while a model learns, and at no other time.
struct learning {
  float dropout = 0.0F;    ///< how much the library's layers drop (arXiv:1207.0580), attention's probabilities too
  float smoothing = 0.0F;  ///< share of a target that is spread over the vocabulary (arXiv:1512.00567)
  recompute_kind recompute = recompute_kind::pointwise;  ///< of the layers of loops
  /// What matrices of a product are rounded to: f32, or bf16, whose products are added up in f32. Parameters, gradients
  /// and all that optimizers keep are f32 (arXiv:1710.03740). bf16 compiles for processors that multiply it alone.
  dtype products = dtype::f32;
  /// The parameters that learn (layers/parameter_table.hpp); null: all. The others have no gradients.
  parameter_filter const* trains = nullptr;
};

/// Nodes and loops as a pass reads them.
struct graph_view {
  std::span<node const> nodes;                 ///< each reads only nodes before it, but for loops' ends
  std::span<loop const> loops;                 ///< in the order of their first nodes
  int result = -1;                             ///< the node that the pass is for
  std::span<attend_options const> attentions;  ///< that `attention` nodes name
  std::span<rope_config const> rotations;      ///< that `rope` nodes name
  std::span<layer_set const> sets;             ///< that nodes of some layers alone name
  /// The node of that id.
  [[nodiscard]] constexpr node const& at(int id) const { return nodes[static_cast<std::size_t>(id)]; }
  /// How many nodes there are.
  [[nodiscard]] constexpr int size() const { return static_cast<int>(nodes.size()); }
};

/// A forward or backward pass as a value. It grows while it is traced, in the compiler or at run time.
struct graph {
  std::vector<node> nodes;                 ///< in the order in which they run
  std::vector<loop> loops;                 ///< in the order of their first nodes
  int result = -1;                         ///< the node that the pass is for
  message misfit;                          ///< the first call that does not fit; empty if all do
  int open_loop = -1;                      ///< the loop whose body is being traced
  int open_set = -1;                       ///< the set of layers in which what is being traced runs; −1: all
  learning learns;                         ///< nothing of it in passes that only run
  std::vector<int> frozen;                 ///< indices of parameters that do not learn
  std::vector<layer_values> tables;        ///< that `constant` nodes name
  std::vector<float (*)(float)> slopes;    ///< derivatives of functions, that `pointwise` nodes name
  std::vector<attend_options> attentions;  ///< as in `graph_view`
  std::vector<rope_config> rotations;      ///< as in `graph_view`
  std::vector<layer_set> sets;             ///< as in `graph_view`

  /// Reads as what passes take.
  constexpr operator graph_view() const {  // NOLINT(google-explicit-constructor)
    return {nodes, loops, result, attentions, rotations, sets};
  }

  /// Keeps the derivative of a function; returns what a node calls it.
  constexpr int slope_index(float (*slope)(float)) {
    slopes.push_back(slope);
    return static_cast<int>(slopes.size()) - 1;
  }
  /// Appends a node; returns its id.
  constexpr int push(node n) {
    n.loop = open_loop;
    n.only = open_set;
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
template <std::size_t Nodes, std::size_t Loops, std::size_t Attentions, std::size_t Rotations, std::size_t Sets,
          std::size_t Tables>
struct frozen_graph {
  std::array<node, Nodes> nodes{};                      ///< as in `graph`
  std::array<loop, Loops> loops{};                      ///< as in `graph`
  int result = -1;                                      ///< as in `graph`
  message misfit{};                                     ///< as in `graph`
  std::array<attend_options, Attentions> attentions{};  ///< as in `graph`
  std::array<rope_config, Rotations> rotations{};       ///< as in `graph`
  std::array<layer_set, Sets> sets{};                   ///< as in `graph`
  std::array<layer_values, Tables> tables{};            ///< as in `graph`
  learning learns{};                                    ///< as in `graph`

  /// Reads as what passes take.
  constexpr operator graph_view() const {  // NOLINT(google-explicit-constructor)
    return {nodes, loops, result, attentions, rotations, sets};
  }
};

/// The graph that `Make` gives, as a constant. Make is called twice: once for the sizes.
template <auto Make>
[[nodiscard]] consteval auto freeze() {
  struct sizes {
    std::size_t nodes, loops, attentions, rotations, sets, tables;
  };
  constexpr sizes size = [] {
    graph const g = Make();
    return sizes{g.nodes.size(),     g.loops.size(), g.attentions.size(),
                 g.rotations.size(), g.sets.size(),  g.tables.size()};
  }();
  graph const g = Make();
  frozen_graph<size.nodes, size.loops, size.attentions, size.rotations, size.sets, size.tables> out;
  auto const copy = [](auto const& from, auto& to) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[i];
  };
  copy(g.nodes, out.nodes);
  copy(g.loops, out.loops);
  copy(g.attentions, out.attentions);
  copy(g.rotations, out.rotations);
  copy(g.sets, out.sets);
  copy(g.tables, out.tables);
  out.result = g.result;
  out.learns = g.learns;
  out.misfit = g.misfit;
  return out;
}

}  // namespace constformer

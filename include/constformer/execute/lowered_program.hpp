#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/check.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/execute/cached_program.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/passes/lower.hpp"
#include "constformer/passes/plan_weights.hpp"

namespace constformer {

/// What is chosen when a model is built, and not by the model.
struct build_choice {
  int capacity = 0;             ///< tokens of a sequence at most
  dtype weights = dtype::f32;   ///< of matrices and token embeddings
  dtype inputs = dtype::f32;    ///< what inputs of matrices are rounded to
  dtype kv_dtype = dtype::f32;  ///< of keys and values that are kept
};

namespace detail {

/// Why phases cannot run over one cache of blocks, with the place of the call in the model's code.
template <class Graph, class Lowered>
constexpr message cache_misfit(Graph const& g, Lowered const& lowered) {
  if (!lowered.misfit.empty()) return {};  // which is told
  graph said;
  node const* first = nullptr;
  for (phase const& p : lowered.phases) {
    if (p.kind != phase_kind::attend) continue;
    node const& n = g.nodes[static_cast<std::size_t>(p.out)];
    auto const shape = [&](node const& of, std::size_t i) {
      return g.nodes[static_cast<std::size_t>(of.inputs[i])].shape;
    };
    if (shape(n, 1).rows != row_kind::token)
      said.fail(n.where, format_message("lower: attention to a source is not lowered yet"));
    if (n.inputs[3] >= 0)
      said.fail(n.where, format_message("lower: attention with a table of biases is not lowered yet"));
    if (shape(n, 1) != shape(n, 2))
      said.fail(n.where, format_message("lower: keys are {} and values {}, a cache has one shape for both",
                                        describe(shape(n, 1)), describe(shape(n, 2))));
    if (first == nullptr) first = &n;
    if (shape(n, 1) != shape(*first, 1))
      said.fail(n.where, format_message("lower: keys are {}, those before are {}, a cache has one shape",
                                        describe(shape(n, 1)), describe(shape(*first, 1))));
  }
  if (first == nullptr) said.misfit = format_message("lower: the model has no attention");
  return said.misfit;
}

}  // namespace detail

/// A decoder lowered to phases over tokens that follow others: everything that is known before it runs.
template <class Model, build_choice Build>
struct lowered_program {
  using model = Model;                          ///< what was traced
  static constexpr build_choice build = Build;  ///< what was chosen

  /// Forward; the result has the rows alone that are asked for.
  static constexpr auto graph = freeze<detail::trace_decoder<Model, Build.capacity>>();
  static_assert(require_empty<graph.misfit>::value);
  /// Its phases, and where values lie.
  static constexpr auto lowered = lower<graph>();
  static_assert(require_empty<lowered.misfit>::value);
  /// Whether one cache serves all attention.
  static constexpr message misfit = detail::cache_misfit(graph, lowered);
  static_assert(require_empty<misfit>::value);
  /// Where weights lie.
  static constexpr auto weights = plan_weights<graph, lowered, Model>(Build.weights);

  /// The node of that id.
  static constexpr node const& at(int id) { return graph.nodes[static_cast<std::size_t>(id)]; }
  /// The phase of that index.
  static constexpr phase const& phase_at(int index) { return lowered.phases[static_cast<std::size_t>(index)]; }
  static constexpr int phases = static_cast<int>(lowered.phases.size());  ///< how many there are
  /// Where input i of a node lies, a parameter.
  static constexpr weight_place const& weight(int id, std::size_t i) {
    return weights.places[static_cast<std::size_t>(at(at(id).inputs[i]).index)];
  }
  /// Input columns of a product.
  static constexpr int depth_of(phase const& p) { return at(at(p.matrices[0]).inputs[1]).shape.axes[1].extent; }
  /// The first phase over wanted rows: those before it run for all rows.
  static constexpr int head = [] {
    int index = phases;
    while (index > 0 && at(phase_at(index - 1).out).shape.rows == row_kind::wanted) --index;
    return index;
  }();
  /// The value of wanted rows, of all rows: the end of the residual stream.
  static constexpr int stream = [] {
    for (node const& n : graph.nodes)
      if (n.kind == node_kind::wanted_rows) return n.inputs[0];
    return -1;
  }();
  /// Logits of a row.
  static constexpr int vocab = at(graph.result).shape.columns();

  /// Columns of a row that a worker computes for itself, at most: normed, or on its way through a phase of rows.
  static constexpr int own_columns = [] {
    int columns = 0;
    for (phase const& p : lowered.phases) {
      if (p.norm >= 0) columns = std::max(columns, padded(at(p.norm).shape.columns()));
      for (int step : p.steps)
        if (step >= 0) columns = std::max(columns, padded(at(step).shape.columns()));
    }
    return columns;
  }();
  /// Columns of what a product reads, at most.
  static constexpr int deepest = [] {
    int columns = 0;
    for (phase const& p : lowered.phases)
      if (p.kind == phase_kind::product) columns = std::max(columns, depth_of(p));
    return columns;
  }();
  /// Columns of rows that are normed before a product.
  static constexpr int normed_columns = [] {
    int columns = 0;
    for (phase const& p : lowered.phases)
      if (p.norm >= 0) columns = std::max(columns, padded(at(p.norm).shape.columns()));
    return columns;
  }();

  /// Heads whose keys and values are kept, of all layers.
  static constexpr int slots = [] {
    int count = 0;
    for (phase const& p : lowered.phases)
      if (p.kind == phase_kind::attend)
        count += at(at(p.out).inputs[1]).shape.axes[0].extent *
                 (p.loop < 0 ? 1 : graph.loops[static_cast<std::size_t>(p.loop)].layers);
    return count;
  }();
  /// Slots of the phases before one.
  static constexpr int slots_before(int index) {
    int count = 0;
    for (int i = 0; i < index; ++i)
      if (phase const& p = phase_at(i); p.kind == phase_kind::attend)
        count += at(at(p.out).inputs[1]).shape.axes[0].extent *
                 (p.loop < 0 ? 1 : graph.loops[static_cast<std::size_t>(p.loop)].layers);
    return count;
  }
  /// Width of a head that is kept.
  static constexpr int head_dim = [] {
    for (phase const& p : lowered.phases)
      if (p.kind == phase_kind::attend) return at(at(p.out).inputs[1]).shape.axes[1].extent;
    return 0;
  }();

  /// The first rotation that equals that one: they share their factors.
  static constexpr std::size_t rotation_of(std::size_t index) {
    std::size_t first = 0;
    while (graph.rotations[first] != graph.rotations[index]) ++first;
    return first;
  }
  /// Rotating dims of the rotations before one, each counted once; of all, for their number.
  static constexpr int dims_before(std::size_t index) {
    int dims = 0;
    for (std::size_t i = 0; i < index; ++i)
      if (rotation_of(i) == i) dims += graph.rotations[i].rotary_dims;
    return dims;
  }
  static constexpr int rotary_dims = dims_before(graph.rotations.size());  ///< of all rotations

  /// True if rotations follow the lengths of texts.
  static constexpr bool adapts = [] {
    bool any = false;
    for (rope_config const& r : graph.rotations) any = any || r.scaling == rope_scaling_kind::dynamic;
    return any;
  }();

  /// Bytes of a row of rounded inputs, whole cache lines; 0 if inputs stay floats.
  static constexpr std::size_t rounded_bytes = [] {
    if (Build.inputs == dtype::f32) return std::size_t{0};
    constexpr std::size_t line = 64;
    std::size_t const bytes = Build.inputs == dtype::bf16 ? sizeof(float) * static_cast<std::size_t>(padded(deepest))
                                                          : input_row_bytes(Build.weights, deepest);
    return (bytes + line - 1) / line * line;
  }();
};

}  // namespace constformer

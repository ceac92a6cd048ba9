#pragma once

#include "constformer/core/check.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/layers/trace.hpp"
#include "constformer/passes/decoder_rules.hpp"
#include "constformer/passes/only_wanted.hpp"
#include "constformer/passes/plan_cache.hpp"
#include "constformer/passes/plan_memory.hpp"

namespace constformer {

namespace detail {

/// The forward pass of a decoder, of wanted rows, or what it gave and a sentence about why it is none.
template <class Model, int Capacity>
constexpr graph trace_decoder() {
  graph g = trace<Model>();
  if (!g.misfit.empty()) return g;
  g.misfit = decoder_misfit(g);
  if (!g.misfit.empty()) return g;
  if (int const positions = known_positions(g, Capacity); Capacity > positions)
    g.misfit = format_message("context: capacity={} is more than positions={}", Capacity, positions);
  return only_wanted(g);
}

}  // namespace detail

/// The forward pass of a decoder over tokens that follow others, whose keys, values and whatever else later tokens look
/// at are kept: bounds.tokens at a time, of up to as many sequences, each of up to bounds.length with those before.
template <class Model, batch_bounds Bounds>
struct cached_program {
  using model = Model;                            ///< what was traced
  static constexpr batch_bounds bounds = Bounds;  ///< of a batch

  /// Forward; the result has the rows alone that are asked for.
  static constexpr auto graph = freeze<detail::trace_decoder<Model, Bounds.length>>();
  static_assert(require_empty<graph.misfit>::value);
  /// Where parameters lie.
  static constexpr auto parameters = layout_parameters<Model>();
  /// Where values lie.
  static constexpr auto memory = plan_memory<graph, Model>(Bounds);
  /// What is kept of each token.
  static constexpr auto cache = plan_cache<graph>();
  /// Which gradients are 0 when a pass begins.
  static constexpr auto begins_with_zeros = zeroed_gradients<graph, Model>();
};

/// True of programs over tokens that follow others.
template <class Program>
concept keeps_rows = requires { Program::cache; };

}  // namespace constformer

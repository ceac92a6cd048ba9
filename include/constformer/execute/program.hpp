#pragma once

#include "constformer/core/check.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/layers/trace.hpp"
#include "constformer/passes/differentiate.hpp"
#include "constformer/passes/judge_bounds.hpp"
#include "constformer/passes/plan_memory.hpp"

namespace constformer {

/// Everything that is known of training `Model` before it runs, for batches within `Bounds`.
template <class Model, batch_bounds Bounds, learning Learns = learning{}>
struct training_program {
  using model = Model;                            ///< what was traced
  static constexpr batch_bounds bounds = Bounds;  ///< of a batch

  /// Forward and backward.
  static constexpr auto graph = freeze<[] { return differentiate(trace_loss<Model, Learns>()); }>();
  static constexpr message misfit = first_misfit(graph, graph.misfit, Bounds);  ///< empty, or it does not compile
  static_assert(require_empty<misfit>::value);
  /// Where parameters, gradients and moments lie.
  static constexpr auto parameters = layout_parameters<Model, Learns.trains>();
  /// Where values lie.
  static constexpr auto memory = plan_memory<graph, Model>(Bounds);
  /// Which gradients are 0 when a pass begins.
  static constexpr auto begins_with_zeros = zeroed_gradients<graph, Model>();
};

/// The forward pass of `Model` alone: what its call operator computes, or `Part(model, ids)`.
template <class Model, batch_bounds Bounds, auto Part = whole_model{}>
struct forward_program {
  using model = Model;                            ///< what was traced
  static constexpr batch_bounds bounds = Bounds;  ///< of a batch

  /// Forward.
  static constexpr auto graph = freeze<trace<Model, Part>>();
  static constexpr message misfit = first_misfit(graph, graph.misfit, Bounds);  ///< empty, or it does not compile
  static_assert(require_empty<misfit>::value);
  /// Where parameters lie.
  static constexpr auto parameters = layout_parameters<Model>();
  /// Where values lie.
  static constexpr auto memory = plan_memory<graph, Model>(Bounds);
  /// Which gradients are 0 when a pass begins.
  static constexpr auto begins_with_zeros = zeroed_gradients<graph, Model>();
};

}  // namespace constformer

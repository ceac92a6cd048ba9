#pragma once

#include <array>
#include <cstddef>

#include "constformer/core/text.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/passes/lower/chain_rows.hpp"
#include "constformer/passes/lower/fold_finishes.hpp"
#include "constformer/passes/lower/fold_inputs.hpp"
#include "constformer/passes/lower/lowering.hpp"
#include "constformer/passes/lower/merge_projections.hpp"
#include "constformer/passes/lower/order_phases.hpp"
#include "constformer/passes/lower/phase.hpp"
#include "constformer/passes/lower/place_barriers.hpp"
#include "constformer/passes/lower/weave_gates.hpp"
#include "constformer/passes/plan_activations.hpp"

namespace constformer {

/// A graph as phases, and where values lie while they run.
template <std::size_t Nodes, std::size_t Phases>
struct lowered_graph {
  std::array<phase, Phases> phases{};            ///< in the order in which they run; a loop's stand side by side
  std::array<activation_place, Nodes> places{};  ///< by node
  int columns = 0;                               ///< floats of all places, for one row
  message misfit{};  ///< why the graph has no phases, with the place of the call in the model's code; empty: it has
};

namespace detail {

/// All rewrites, one after the other, up to the first misfit.
constexpr lowering lower(graph_view g) {
  lowering l(g);
  for (auto const rewrite :
       {&merge_projections, &weave_gates, &take_linears, &fold_finishes, &fold_inputs, &chain_rows, &order_phases})
    if (l.misfit.empty()) rewrite(l);
  return l;
}

}  // namespace detail

/// The phases of `Graph`, a constant, over kernels that read packed panels. What they cannot compute is a misfit: a
/// pass never guesses.
template <auto const& Graph>
[[nodiscard]] consteval auto lower() {
  constexpr std::size_t count = [] {
    detail::lowering const l = detail::lower(Graph);
    return l.misfit.empty() ? l.phases.size() : 0;
  }();
  lowered_graph<Graph.nodes.size(), count> out;
  detail::lowering l = detail::lower(Graph);
  out.misfit = l.misfit;
  if (!l.misfit.empty()) return out;
  detail::activation_planner plan(l);
  plan.run();
  out.misfit = plan.misfit();
  detail::place_barriers(l, plan);
  for (std::size_t i = 0; i < count; ++i) out.phases[i] = l.phases[i];
  for (std::size_t i = 0; i < out.places.size(); ++i) out.places[i] = plan.place(static_cast<int>(i));
  out.columns = plan.columns();
  return out;
}

}  // namespace constformer

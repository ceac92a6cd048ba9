// Runs a planned graph: one function for each node, loops as loops. All workers call everything, each does its share.
#if defined(CONSTFORMER_EXECUTE_RUN_PROGRAM_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_RUN_PROGRAM_INL_HPP
#undef CONSTFORMER_EXECUTE_RUN_PROGRAM_INL_HPP
#else
#define CONSTFORMER_EXECUTE_RUN_PROGRAM_INL_HPP
#endif

#include <cstddef>
#include <utility>

#include "hwy/highway.h"

#include "constformer/execute/attention_nodes-inl.hpp"
#include "constformer/execute/axis_nodes-inl.hpp"
#include "constformer/execute/pass_frame.hpp"
#include "constformer/execute/norm_nodes-inl.hpp"
#include "constformer/execute/pointwise_nodes-inl.hpp"
#include "constformer/execute/product_nodes-inl.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/execute/token_nodes-inl.hpp"
#include "constformer/graph/loops.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/passes/plan_memory.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Nodes [Begin, End) of `Program`, loops in them as loops.
template <class Program, int Begin, int End>
HWY_INLINE void run_nodes(worker const& self, pass_frame& f);

/// One node. Functions of their own, so that a compiler meets them one by one.
template <class Program, int Id>
HWY_NOINLINE void run_step(worker const& self, pass_frame& f) {
  using node = step<Program, Id>;
  if (!node::runs(f)) return;
  operation<node::n.kind>::template run<node>(self, f);
  self.sync();
}

/// What a loop begins with is copied to where its first iteration finds it.
template <class Program, int Id>
HWY_NOINLINE void begin_carry(worker const& self, pass_frame& f) {
  using in = step<Program, Id>;
  using from = typename in::template input<0>;
  f.layer = 0;
  in::for_rows(self, f, [&](std::size_t r, float* out) { copy_floats(from::at(f, r), in::columns, out); });
}

/// Nodes [Begin, End) of `Program`, the body of a loop, once for each layer.
template <class Program, int Begin, int End>
HWY_INLINE void run_loop(worker const& self, pass_frame& f) {
  constexpr loop const& body = Program::graph.loops[Program::graph.nodes[Begin].loop];
  f.iteration = 0;
  [&]<int... I>(std::integer_sequence<int, I...>) {
    auto const one = [&]<int Id>() {
      if constexpr (Program::graph.nodes[Id].kind == node_kind::carry_in) begin_carry<Program, Id>(self, f);
    };
    (one.template operator()<Begin + I>(), ...);
  }(std::make_integer_sequence<int, End - Begin>());
  self.sync();
  for (int i = 0; i < body.layers; ++i) {
    f.iteration = i;
    f.layer = body.reverses >= 0 ? body.layers - 1 - i : i;
    run_nodes<Program, Begin, End>(self, f);
  }
}

template <class Program, int Begin, int End>
HWY_INLINE void run_nodes(worker const& self, pass_frame& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) {
    auto const one = [&]<int Id>() {
      if constexpr (detail::computes(Program::graph.nodes[Id])) run_step<Program, Id>(self, f);
    };
    (one.template operator()<Begin + I>(), ...);
  }(std::make_integer_sequence<int, End - Begin>());
}

/// Gradients that a pass adds to from its beginning become 0.
template <class Program>
HWY_NOINLINE void begin_gradients(worker const& self, pass_frame const& f) {
  auto const& table = parameter_table<typename Program::model>;
  if (f.gradients == nullptr || f.adds) return;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!Program::begins_with_zeros[i]) continue;
    parameter_place const& at = Program::parameters.places[i];
    work_range const mine = self.share(static_cast<int>(at.step * table[i].layers), panel_rows);
    for (int k = mine.begin; k < mine.end; ++k) f.gradients[at.offset + k] = 0.0F;
  }
  self.sync();
}

/// `Program` from node `Begin` on, to its last or to before `End`: nodes outside of loops, and loops.
template <class Program, int Begin = 0, int End = static_cast<int>(Program::graph.nodes.size())>
void run_program(worker const& self, pass_frame& f) {
  if constexpr (Begin == 0) begin_gradients<Program>(self, f);
  if constexpr (Begin < End) {
    constexpr int within = Program::graph.nodes[Begin].loop;
    if constexpr (within >= 0) {
      constexpr int end = Program::graph.loops[within].end;
      run_loop<Program, Begin, end>(self, f);
      run_program<Program, end, End>(self, f);
    } else {
      run_nodes<Program, Begin, Begin + 1>(self, f);
      run_program<Program, Begin + 1, End>(self, f);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

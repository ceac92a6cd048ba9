// Phases that multiply rows with a matrix in panels, norm before it and what becomes of its sums included.
#if defined(CONSTFORMER_EXECUTE_PRODUCT_PHASE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_PRODUCT_PHASE_INL_HPP
#undef CONSTFORMER_EXECUTE_PRODUCT_PHASE_INL_HPP
#else
#define CONSTFORMER_EXECUTE_PRODUCT_PHASE_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/execute/lowered_frame.hpp"
#include "constformer/execute/rows_phase-inl.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/packed_product-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// A product of a program.
template <class Program, int Phase>
class product_phase {
  using frame = lowered_frame<Program>;
  static constexpr phase const& p = Program::phase_at(Phase);
  static constexpr int matrix = p.matrices[0];
  static constexpr weight_place const& place = Program::weight(matrix, 1);
  static constexpr bool biased = Program::at(matrix).inputs[2] >= 0;
  static constexpr product_policy policy{.rounded_bytes = Program::rounded_bytes,
                                         .type = place.type,
                                         .inputs = product_inputs(Program::build.inputs, place.type),
                                         .streamed = is_streamed(Program::weights.bytes)};

  // Rows of the input, normed if there is a norm. A single row is normed by every worker for itself; more rows are
  // shared out and met at a barrier.
  static HWY_INLINE matrix_rows input(worker const& self, frame const& f, int layer) {
    matrix_rows const x{f.template value<p.input>(), frame::template stride<p.input>};
    if constexpr (p.norm < 0) {
      return x;
    } else {
      constexpr std::size_t width = padded(Program::at(p.norm).shape.columns());
      if (f.rows == 1) {
        float* const own = f.own + static_cast<std::size_t>(self.index) * Program::own_columns;
        norm_by_node<Program, p.norm>(f, layer, x.data, own);
        return {own, width};
      }
      work_range const mine = self.share(f.rows);
      for (int row = mine.begin; row < mine.end; ++row)
        norm_by_node<Program, p.norm>(f, layer, x.row(row), f.normed + static_cast<std::size_t>(row) * width);
      self.sync();
      return {f.normed, width};
    }
  }

  static HWY_INLINE auto finish(frame const& f, int layer) {
    matrix_rows const out{f.template value<p.out>(), frame::template stride<p.out>};
    float const* const bias = f.template vector<matrix, 2>(layer);
    constexpr finish_plan how = p.finish;
    constexpr auto function = static_cast<activation_kind>(how.activation);
    if constexpr (how.kind == finish_kind::gate) {
      return gate_sums<function, biased>{out, bias};
    } else if constexpr (how.kind == finish_kind::activate) {
      return activate_sums<function, biased>{out, bias};
    } else if constexpr (how.kind == finish_kind::add) {
      static_assert(Program::lowered.places[how.addend] == Program::lowered.places[p.out]);
      if constexpr (how.kept == 1.0F)
        return add_sums<biased>{out, bias};
      else
        return blend_sums<biased>{out, bias, how.kept};
    } else if constexpr (how.kind == finish_kind::capped || how.scale != 1.0F) {
      return logit_sums<how.scale != 1.0F, biased, how.kind == finish_kind::capped>{out, bias, how.scale, how.cap};
    } else {
      return store_sums<biased>{out, bias};
    }
  }

 public:
  /// This worker's panels.
  static HWY_INLINE void run(worker const& self, frame const& f, int layer) {
    constexpr int unit = p.in_turn ? 2 : 1;  // a gate panel and its up panel stay with one worker
    multiply_packed<policy, place.matrix_rows, Program::depth_of(p)>(
        self, f, f.template weight<matrix, 1>(layer), input(self, f, layer), f.rows, finish(f, layer), unit);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

// Phases that compute rows one by one: embeddings, norms of a stream, norms before an addition.
#if defined(CONSTFORMER_EXECUTE_ROWS_PHASE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_ROWS_PHASE_INL_HPP
#undef CONSTFORMER_EXECUTE_ROWS_PHASE_INL_HPP
#else
#define CONSTFORMER_EXECUTE_ROWS_PHASE_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <span>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/checkpoint/packed_value.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/execute/lowered_frame.hpp"
#include "constformer/graph/columns.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/norm-inl.hpp"
#include "constformer/kernels/rope.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/passes/plan_weights.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The arithmetic of a node that norms.
constexpr norm_kind norm_kind_of(node_kind kind) {
  return kind == node_kind::rms_norm     ? norm_kind::rms_norm
         : kind == node_kind::layer_norm ? norm_kind::layer_norm
                                         : norm_kind::deviation_norm;
}

/// out = norm(x), one row of Width values; one function for all norms of a kind and width.
template <norm_kind Kind, bool Weighted, int Width>
HWY_NOINLINE void norm_row(float const* x, float const* weight, float const* bias, float* out, float eps) {
  normalize<Kind, Weighted>(x, weight, bias, out, Width, eps);
}

/// out = what node `Id` makes of the row x.
template <class Program, int Id>
HWY_INLINE void norm_by_node(lowered_frame<Program> const& f, int layer, float const* x, float* out) {
  constexpr node const& n = Program::at(Id);
  norm_row<norm_kind_of(n.kind), (n.inputs[1] >= 0), n.shape.columns()>(
      x, f.template vector<Id, 1>(layer), n.kind == node_kind::rms_norm ? nullptr : f.template vector<Id, 2>(layer),
      out, n.factor);
}

/// Value k of row `id` of the table that `gather` node `Id` looks up.
template <class Program, int Id>
HWY_INLINE float table_value(lowered_frame<Program> const& f, std::size_t id, std::size_t k) {
  constexpr weight_place place = Program::weight(Id, 0);
  constexpr value_shape table = Program::at(Program::at(Id).inputs[0]).shape;
  constexpr int width = table.axes[1].extent;
  if constexpr (place.form == weight_form::panels)  // a head reads it, too
    return panel_value<place.type>(reinterpret_cast<stored<place.type> const*>(f.weights + place.offset),
                                   {table.axes[0].extent, width}, static_cast<std::int64_t>(id),
                                   static_cast<std::int64_t>(k));
  else
    return row_value<place.type>(reinterpret_cast<stored_row<place.type> const*>(f.weights + place.offset), width, id,
                                 k);
}

/// The row of its table that a `gather` node looks up for a row.
template <class Program, int Id>
HWY_INLINE std::size_t looked_up(lowered_frame<Program> const& f, int row) {
  constexpr node const& n = Program::at(Id);
  constexpr auto column = static_cast<id_column>(Program::at(n.inputs[1]).index);
  static_assert(column == id_column::tokens || column == id_column::positions,
                "lower: no such column is looked up yet");
  int const id = column == id_column::tokens ? f.ids[row] : f.position(row);
  return static_cast<std::size_t>(id + n.index);
}

/// The steps of a phase of rows.
template <class Program, int Phase>
class rows_phase {
  using frame = lowered_frame<Program>;
  static constexpr phase const& p = Program::phase_at(Phase);
  static constexpr std::size_t width = Program::at(p.out).shape.columns();

  // out = step `Step`, whose chain so far is x.
  template <std::size_t Step>
  static HWY_INLINE void step(frame const& f, int layer, int row, float const* x, float* out) {
    constexpr int id = p.steps[Step];
    constexpr node const& n = Program::at(id);
    constexpr int before = Step == 0 ? p.input : p.steps[Step - 1];
    if constexpr (n.kind == node_kind::gather) {
      std::size_t const at = looked_up<Program, id>(f, row);
      for (std::size_t k = 0; k < width; ++k) out[k] = table_value<Program, id>(f, at, k);
    } else if constexpr (n.kind == node_kind::scale) {
      for (std::size_t k = 0; k < width; ++k) out[k] = x[k] * n.factor;
    } else if constexpr (n.kind == node_kind::skip_first) {
      bool const first = f.position(row) == 0;
      for (std::size_t k = 0; k < width; ++k) out[k] = first ? 0.0F : x[k];
    } else if constexpr (n.kind == node_kind::add) {
      constexpr int other = n.inputs[0] == before ? n.inputs[1] : n.inputs[0];
      if constexpr (Program::at(other).kind == node_kind::gather) {
        std::size_t const at = looked_up<Program, other>(f, row);
        for (std::size_t k = 0; k < width; ++k) out[k] = x[k] + table_value<Program, other>(f, at, k);
      } else {
        float const* const y =
            f.template value<other>() + static_cast<std::size_t>(row) * frame::template stride<other>;
        for (std::size_t k = 0; k < width; ++k) out[k] = y[k] + x[k];
      }
    } else {
      norm_by_node<Program, id>(f, layer, x, out);
    }
  }

  // All steps of a row but those before `Step`. What is between them is this worker's own.
  template <std::size_t Step>
  static HWY_INLINE void steps(frame const& f, int layer, int row, float const* x, float* own, float* out) {
    if constexpr (Step + 1 == p.steps.size() || p.steps[Step + 1] < 0) {
      step<Step>(f, layer, row, x, out);
    } else {
      step<Step>(f, layer, row, x, own);
      steps<Step + 1>(f, layer, row, own, own, out);
    }
  }

 public:
  /// This worker's rows.
  static HWY_NOINLINE void run(worker const& self, frame const& f, int layer) {
    work_range const mine = self.share(f.rows);
    float* const own = f.own + static_cast<std::size_t>(self.index) * Program::own_columns;
    for (int row = mine.begin; row < mine.end; ++row) {
      auto const at = static_cast<std::size_t>(row);
      float const* x = nullptr;
      if constexpr (p.input >= 0) x = f.template value<p.input>() + at * frame::template stride<p.input>;
      steps<0>(f, layer, row, x, own, f.template value<p.out>() + at * frame::template stride<p.out>);
    }
  }
};

/// The rotary factors of this worker's rows.
template <class Program, std::size_t Index = 0>
HWY_INLINE void make_rotations(worker const& self, lowered_frame<Program> const& f) {
  if constexpr (Index < Program::graph.rotations.size()) {
    if constexpr (Program::rotation_of(Index) == Index) {
      static constexpr rope_config const& rope = Program::graph.rotations[Index];
      constexpr std::size_t dims = rope.rotary_dims, plane = dims / rope.planes;
      auto const before = static_cast<std::size_t>(Program::dims_before(Index));
      work_range const mine = self.share(f.rows);
      for (int row = mine.begin; row < mine.end; ++row) {
        std::size_t const at = before * static_cast<std::size_t>(f.most_rows) + static_cast<std::size_t>(row) * dims;
        std::span<float const> const frequencies = f.template frequencies_of<Index>(row);
        int position = f.position(row);
        if constexpr (rope.planes == 2) {
          prefix_place const prefix = f.prefix(row);
          rope_factors(frequencies, prefix.second(position), rope.attention_factor, f.cos + at + plane,
                       f.sin + at + plane);
          position = prefix.first(position);
        }
        rope_factors(frequencies, position, rope.attention_factor, f.cos + at, f.sin + at);
      }
    }
    make_rotations<Program, Index + 1>(self, f);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

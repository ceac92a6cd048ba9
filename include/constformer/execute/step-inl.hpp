// A node of a planned graph: where it lies, where its inputs lie, and which rows are a worker's.
#if defined(CONSTFORMER_EXECUTE_STEP_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_STEP_INL_HPP
#undef CONSTFORMER_EXECUTE_STEP_INL_HPP
#else
#define CONSTFORMER_EXECUTE_STEP_INL_HPP
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/execute/pass_frame.hpp"
#include "constformer/graph/columns.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/gradients-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/passes/plan_memory.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// `count` floats.
HWY_INLINE void copy_floats(float const* from, int count, float* to) {
  store_row(to, count, [&](int i, std::size_t some) HWY_ATTR { return hn::LoadN(float_tag(), from + i, some); });
}
/// `count` zeros.
HWY_INLINE void zero_floats(int count, float* to) {
  store_row(to, count, [&](int, std::size_t) HWY_ATTR { return hn::Zero(float_tag()); });
}

/// What nodes of a kind compute: `run<Step>(self, f)` is a worker's share. Each file of nodes has those of some kinds;
/// a kind without one is not run yet.
template <node_kind Kind>
struct operation;

/// Node `Id` of `Program`, and where it lies.
template <class Program, int Id>
struct step {
  using program = Program;                                                ///< whose node it is
  static constexpr int id = Id;                                           ///< which
  static constexpr node const& n = Program::graph.nodes[Id];              ///< the node
  static constexpr node_place const& place = Program::memory.places[Id];  ///< where it lies
  static constexpr int columns = n.shape.columns();                       ///< values of a row
  /// Values of a piece: the innermost axis.
  static constexpr int inner = n.shape.rank == 0 ? 1 : n.shape.last().extent;

  /// What matrices are multiplied as.
  using factor = typename factor_of<Program::graph.learns.products>::type;

  /// A product with one factor for each piece of the innermost axis.
  static constexpr bool by_piece =
      n.kind == node_kind::multiply &&
      Program::graph.nodes[static_cast<std::size_t>(n.inputs[1] < 0 ? 0 : n.inputs[1])].shape != n.shape;

  /// The step of its input I.
  template <int I>
  using input = step<Program, n.inputs[I]>;
  using first = input<0>;   ///< of its first input
  using second = input<1>;  ///< of its second
  using third = input<2>;   ///< of its third

  /// Which value of a vector a `gain` takes.
  static int element(pass_frame const& f) { return n.index < 0 ? f.layer : n.index; }

  /// Whether it runs in the layer at hand.
  static bool runs(pass_frame const& f) {
    if constexpr (n.only >= 0) return Program::graph.sets[n.only].contains(f.layer);
    return true;
  }
  /// Rows of a value in this batch.
  static int rows(pass_frame const& f) {
    switch (n.shape.rows) {
      case row_kind::one: return 1;
      case row_kind::sequence: return f.batch.sequences;
      case row_kind::token: return f.batch.rows();
      case row_kind::source: return f.batch.source_rows();
      case row_kind::wanted: return f.batch.wanted_rows;
    }
    return 0;
  }
  /// Row 0, for the layer at hand.
  static float* data(pass_frame const& f) {
    float* const base = place.memory == memory_kind::parameter  ? f.parameters
                        : place.memory == memory_kind::gradient ? f.gradients
                                                                : f.arena;
    if constexpr (place.step == 0) return base + place.offset;
    std::int64_t slot = place.in_turn ? (f.iteration + place.shift) % 2 : f.layer + place.shift;
    // A set of layers has parameters for these alone.
    if constexpr (n.only >= 0 && place.memory != memory_kind::arena) slot = Program::graph.sets[n.only].count(f.layer);
    return base + place.offset + slot * place.step;
  }
  /// Floats from row to row.
  static constexpr std::size_t stride = static_cast<std::size_t>(place.stride);
  /// All rows by `columns` of them.
  static float_rows all(pass_frame const& f) { return {data(f), stride, rows(f), columns}; }
  /// A parameter as a matrix.
  static float_rows matrix(pass_frame const& f) {
    return {data(f), stride, n.shape.rank == 2 ? n.shape.axes[0].extent : 1, n.shape.last().extent};
  }
  /// A column of the batch.
  static std::int32_t const* ids(pass_frame const& f) {
    switch (static_cast<id_column>(n.index)) {
      case id_column::tokens: return f.batch.tokens;
      case id_column::positions: return f.batch.positions;
      case id_column::targets: return f.batch.targets;
      case id_column::segments: return f.batch.segments;
      case id_column::blocks: return f.batch.blocks;
      case id_column::source: return f.batch.source;
      case id_column::source_positions: return f.batch.source_positions;
      case id_column::labels: return f.batch.labels;
    }
    return nullptr;
  }

  /// Row `r`.
  static HWY_INLINE float* at(pass_frame const& f, std::size_t r) { return data(f) + r * stride; }
  /// A vector that is input I, or null if there is none.
  template <int I>
  static float const* offset(pass_frame const& f) {
    if constexpr (n.inputs[I] >= 0) return input<I>::data(f);
    return nullptr;
  }

  /// map(row, out) for this worker's rows, each split into pieces of the innermost axis.
  template <class Map>
  static HWY_INLINE void for_rows(worker const& self, pass_frame const& f, Map const& map) {
    work_range const mine = self.share(rows(f));
    for (int r = mine.begin; r < mine.end; ++r) map(static_cast<std::size_t>(r), at(f, static_cast<std::size_t>(r)));
  }

  /// map(place in input 0, place in input 2, out) for each piece of `inner` values.
  template <class Map>
  static HWY_INLINE void for_pieces(worker const& self, pass_frame const& f, Map const& map) {
    constexpr std::size_t last_stride = input<(n.inputs[2] >= 0 ? 2 : 0)>::stride;
    for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      for (int c = 0; c < columns; c += inner)
        map(r * input<0>::stride + static_cast<std::size_t>(c), r * last_stride + static_cast<std::size_t>(c), out + c);
    });
  }

  /// visit(sequence, row, place in its sequence) for this worker's rows of tokens.
  template <class Visit>
  static HWY_INLINE void for_places(worker const& self, pass_frame const& f, Visit const& visit) {
    work_range const mine = self.share(f.batch.rows());
    for (int s = 0; s < f.batch.sequences; ++s) {
      int const first = f.batch.start(s), last = HWY_MIN(mine.end, f.batch.start(s + 1));
      for (int r = HWY_MAX(mine.begin, first); r < last; ++r)
        visit(s, static_cast<std::size_t>(r), f.cache.pasts[s] + r - first);
    }
  }

  /// The first row of a sequence in values like this one.
  static int first_of(pass_frame const& f, int sequence) {
    return n.shape.rows == row_kind::source ? f.batch.source_start(sequence) : f.batch.start(sequence);
  }

  /// Its layer among those that have it.
  static int kept_layer(pass_frame const& f) {
    int layer = n.loop < 0 ? 0 : f.layer;
    if constexpr (n.only >= 0) layer = Program::graph.sets[n.only].count(layer);
    return layer;
  }
  /// Where the row of the token at `position` of a sequence is kept.
  static HWY_INLINE float* kept(pass_frame const& f, int sequence, int position) {
    constexpr auto const& plan = Program::cache;
    return f.cache.rows + f.cache.slots[sequence] * f.cache.capacity * plan.floats +
           plan.at(Id, kept_layer(f), f.cache.capacity) + std::int64_t{position} * plan.places[Id].stride;
  }
  /// Keeps this worker's rows.
  static HWY_INLINE void keep(worker const& self, pass_frame const& f) {
    for_places(self, f,
               [&](int s, std::size_t r, int position) { copy_floats(at(f, r), columns, kept(f, s, position)); });
  }
  /// Where the row of the source's token at `position` is kept.
  static HWY_INLINE float* kept_source(pass_frame const& f, int position) {
    constexpr auto const& plan = Program::cache;
    return f.cache.source + plan.at(Id, kept_layer(f), f.cache.source_capacity) +
           std::int64_t{position} * plan.places[Id].stride;
  }
  /// Keeps this worker's rows, which are those of one source.
  static HWY_INLINE void keep_source(worker const& self, pass_frame const& f) {
    for_rows(self, f,
             [&](std::size_t r, float* row) { copy_floats(row, columns, kept_source(f, static_cast<int>(r))); });
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

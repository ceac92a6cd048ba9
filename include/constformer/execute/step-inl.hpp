// Runs a planned graph: one function for each node, loops as loops. All workers call everything, each does its share.
#if defined(CONSTFORMER_EXECUTE_STEP_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_STEP_INL_HPP
#undef CONSTFORMER_EXECUTE_STEP_INL_HPP
#else
#define CONSTFORMER_EXECUTE_STEP_INL_HPP
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "hwy/highway.h"

#include "constformer/execute/batch.hpp"
#include "constformer/kernels/coins.hpp"
#include "constformer/execute/cached_program.hpp"
#include "constformer/execute/row_cache.hpp"
#include "constformer/execute/tables.hpp"
#include "constformer/graph/columns.hpp"
#include "constformer/graph/loops.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/activation-inl.hpp"
#include "constformer/kernels/cross_entropy-inl.hpp"
#include "constformer/kernels/experts-inl.hpp"
#include "constformer/kernels/few_rows-inl.hpp"
#include "constformer/kernels/flash_attention-inl.hpp"
#include "constformer/kernels/gradients-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/rope_rows-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/passes/plan_memory.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// What a pass works on.
struct frame {
  float* parameters = nullptr;    ///< as `parameter_layout` has them
  float* gradients = nullptr;     ///< alike; null in passes without any
  float* arena = nullptr;         ///< as `memory_plan` has it
  float const* tables = nullptr;  ///< as `program_tables` has them
  float* shared = nullptr;        ///< for one node at a time, of all workers
  float* own = nullptr;           ///< for one node at a time, of this worker
  token_batch batch{};            ///< what is read
  row_cache cache{};              ///< rows of tokens before, in programs that keep them
  bool apart = false;             ///< a row's bits do not depend on how many there are
  bool adds = false;              ///< gradients are added to those of batches before
  float weight = 1.0F;            ///< the loss and its gradients are multiplied by it
  std::uint64_t coins = 0;        ///< what dropout's coins of this pass are made of
  int layer = 0;                  ///< of the loop at hand
  int iteration = 0;              ///< of the loop at hand
  double loss = 0.0;              ///< once the pass is over
};

/// Node `Id` of `Program`, and where it lies.
template <class Program, int Id>
struct step {
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

  /// Whether it runs in the layer at hand.
  static bool runs(frame const& f) {
    if constexpr (n.only >= 0) return Program::graph.sets[n.only].contains(f.layer);
    return true;
  }
  /// Rows of a value in this batch.
  static int rows(frame const& f) {
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
  static float* data(frame const& f) {
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
  static float_rows all(frame const& f) { return {data(f), stride, rows(f), columns}; }
  /// A parameter as a matrix.
  static float_rows matrix(frame const& f) {
    return {data(f), stride, n.shape.rank == 2 ? n.shape.axes[0].extent : 1, n.shape.last().extent};
  }
  /// A column of the batch.
  static std::int32_t const* ids(frame const& f) {
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

  /// map(row, out) for this worker's rows, each split into pieces of the innermost axis.
  template <class Map>
  static HWY_INLINE void for_rows(worker const& self, frame const& f, Map const& map) {
    work_range const mine = self.share(rows(f));
    for (int r = mine.begin; r < mine.end; ++r)
      map(static_cast<std::size_t>(r), data(f) + static_cast<std::size_t>(r) * stride);
  }

  /// Computes this worker's share of it.
  static HWY_INLINE void run(worker const& self, frame& f) {
    float_tag const d;
    if constexpr (n.kind == node_kind::zeros) {
      for_rows(self, f, [&](std::size_t, float* out) HWY_ATTR {
        store_row(out, columns, [&](int, std::size_t) HWY_ATTR { return hn::Zero(d); });
      });
    } else if constexpr (n.kind == node_kind::add) {
      pointwise2(self, f, [](float_vec a, float_vec b) HWY_ATTR { return hn::Add(a, b); });
    } else if constexpr (n.kind == node_kind::subtract) {
      pointwise2(self, f, [](float_vec a, float_vec b) HWY_ATTR { return hn::Sub(a, b); });
    } else if constexpr (n.kind == node_kind::multiply && !by_piece) {
      pointwise2(self, f, [](float_vec a, float_vec b) HWY_ATTR { return hn::Mul(a, b); });
    } else if constexpr (n.kind == node_kind::multiply) {  // one factor for each piece
      for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
        float const* const a = row<0>(f, r);
        for (int p = 0; p < columns / inner; ++p) {
          auto const by = hn::Set(d, row<1>(f, r)[p]);
          store_row(out + p * inner, inner, [&](int i, std::size_t count) HWY_ATTR {
            return hn::Mul(hn::LoadN(d, a + p * inner + i, count), by);
          });
        }
      });
    } else if constexpr (n.kind == node_kind::dropout) {
      dropout(self, f);
    } else if constexpr (n.kind == node_kind::keep_top) {
      for_rows(self, f, [&](std::size_t r, float* out) {
        for (int c = 0; c < columns; c += inner) keep_top_row(row<0>(f, r) + c, out + c, inner, n.index);
      });
    } else if constexpr (n.kind == node_kind::keep_top_gradient) {
      pointwise2(self, f, [d](float_vec y, float_vec dy) HWY_ATTR {
        return hn::IfThenElseZero(hn::Gt(y, hn::Set(d, 0.5F * dropped_score)), dy);
      });
    } else if constexpr (n.kind == node_kind::concatenate) {
      constexpr int one = input<0>::inner, two = input<1>::inner;
      for_rows(self, f, [&](std::size_t r, float* out) {
        for (int p = 0; p < columns / inner; ++p) {
          copy_floats(row<0>(f, r) + p * one, one, out + p * inner);
          copy_floats(row<1>(f, r) + p * two, two, out + p * inner + one);
        }
      });
    } else if constexpr (n.kind == node_kind::pick) {
      for_rows(self, f, [&](std::size_t r, float* out) {
        for (int p = 0; p < columns / inner; ++p)
          copy_floats(row<0>(f, r) + p * input<0>::inner + n.index, inner, out + p * inner);
      });
    } else if constexpr (n.kind == node_kind::swap) {
      for_rows(self, f, [&](std::size_t r, float* out) {
        for (int p = 0; p < columns / inner; ++p)
          for (int i = 0; i < inner; ++i) out[p * inner + i] = row<0>(f, r)[i * input<0>::inner + p];
      });
    } else if constexpr (n.kind == node_kind::spread) {
      for_rows(self, f, [&](std::size_t r, float* out) {
        for (int c = 0; c < columns; c += inner) copy_floats(row<0>(f, r), inner, out + c);
      });
    } else if constexpr (n.kind == node_kind::fold) {
      for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
        store_row(out, columns, [&](int i, std::size_t count) HWY_ATTR {
          auto total = hn::LoadN(d, row<0>(f, r) + i, count);
          for (int c = columns; c < input<0>::columns; c += columns)
            total = hn::Add(total, hn::LoadN(d, row<0>(f, r) + c + i, count));
          return total;
        });
      });
    } else if constexpr (n.kind == node_kind::stretch) {
      for_rows(self, f, [&](std::size_t r, float* out) {
        for (int c = 0; c < columns; ++c) out[c] = row<0>(f, r)[c / inner];
      });
    } else if constexpr (n.kind == node_kind::inner_sum) {
      for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
        constexpr int length = input<0>::inner;
        for (int p = 0; p < columns; ++p) {
          float const* const a = row<0>(f, r) + p * length;
          if constexpr (n.inputs[1] >= 0)
            out[p] = sum_of_pairs(a, row<1>(f, r) + p * length, length,
                                  [](float_vec x, float_vec y) HWY_ATTR { return hn::Mul(x, y); });
          else
            out[p] = sum_of(a, length, [](float_vec x) HWY_ATTR { return x; });
        }
      });
    } else if constexpr (n.kind == node_kind::softmax) {
      for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
        for (int c = 0; c < columns; c += inner) softmax_row(row<0>(f, r) + c, out + c, inner);
      });
    } else if constexpr (n.kind == node_kind::softmax_gradient) {
      for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
        for (int c = 0; c < columns; c += inner)
          softmax_gradient_row(row<0>(f, r) + c, row<1>(f, r) + c, out + c, inner);
      });
    } else if constexpr (n.kind == node_kind::scale) {
      pointwise1(self, f, [d](float_vec a) HWY_ATTR { return hn::Mul(a, hn::Set(d, n.factor)); });
    } else if constexpr (n.kind == node_kind::copy) {
      pointwise1(self, f, [](float_vec a) HWY_ATTR { return a; });
    } else if constexpr (n.kind == node_kind::activation) {
      pointwise1(self, f, [d](float_vec a) HWY_ATTR __attribute__((always_inline)) {
        return activate<static_cast<activation_kind>(n.index)>(d, a);
      });
    } else if constexpr (n.kind == node_kind::activation_gradient) {
      pointwise2(self, f, [d](float_vec a, float_vec dy) HWY_ATTR __attribute__((always_inline)) {
        return hn::Mul(dy, activation_slope<static_cast<activation_kind>(n.index)>(d, a));
      });
    } else if constexpr (n.kind == node_kind::gather) {
      for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
        float const* const from =
            input<0>::data(f) + static_cast<std::int64_t>(input<1>::ids(f)[r] + n.index) * columns;
        store_row(out, columns, [&](int i, std::size_t count) HWY_ATTR { return hn::LoadN(d, from + i, count); });
      });
    } else if constexpr (n.kind == node_kind::gather_gradient) {
      gather_gradient(self, f);
    } else if constexpr (n.kind == node_kind::linear) {
      product_end const end{data(f), stride, columns, false, offset<2>(f)};
      share_any_product<second_is::outputs, factor>(self, input<0>::all(f), input<1>::matrix(f), end, columns, f.own,
                                                    f.apart);
    } else if constexpr (n.kind == node_kind::linear_gradient) {
      product_end const end{data(f), stride, columns, false, nullptr};
      share_any_product<second_is::depth, factor>(self, input<0>::all(f), input<1>::matrix(f), end, columns, f.own,
                                                  f.apart);
    } else if constexpr (n.kind == node_kind::weight_gradient) {
      weight_gradient(self, f);
    } else if constexpr (n.kind == node_kind::row_sum) {
      row_sum(self, f);
    } else if constexpr (n.kind == node_kind::rms_norm || n.kind == node_kind::layer_norm ||
                         n.kind == node_kind::deviation_norm) {
      norm(self, f);
    } else if constexpr (n.kind == node_kind::normed) {
      for_pieces(self, f, [&](std::size_t at, std::size_t, float* out) HWY_ATTR {
        normed_row<norm_of(static_cast<node_kind>(n.index))>(input<0>::data(f) + at, out, inner, n.factor);
      });
    } else if constexpr (n.kind == node_kind::norm_gradient) {
      for_pieces(self, f, [&](std::size_t at, std::size_t dy_at, float* out) HWY_ATTR {
        norm_gradient_row<norm_of(static_cast<node_kind>(n.index))>(input<0>::data(f) + at, offset<1>(f),
                                                                    input<2>::data(f) + dy_at, out, inner, n.factor);
      });
    } else if constexpr (n.kind == node_kind::rope) {
      rope(self, f);
    } else if constexpr (n.kind == node_kind::attention) {
      attention(self, f);
    } else if constexpr (n.kind == node_kind::attention_gradient) {
      attention_gradient(self, f);
    } else if constexpr (n.kind == node_kind::place) {
      for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
        float const* const from = input<0>::data(f) + r * input<0>::stride;
        for (int i = 0; i < columns; ++i)
          out[i] = i >= n.index && i < n.index + input<0>::columns ? from[i - n.index] : 0.0F;
      });
    } else if constexpr (n.kind == node_kind::cross_entropy) {
      loss(self, f);
    } else if constexpr (n.kind == node_kind::softcap) {
      pointwise1(self, f, [d](float_vec a) HWY_ATTR {
        return hn::Mul(hn::Set(d, n.factor), tanh(d, hn::Mul(a, hn::Set(d, 1.0F / n.factor))));
      });
    } else if constexpr (n.kind == node_kind::softcap_gradient) {
      pointwise2(self, f, [](float_vec y, float_vec dy) HWY_ATTR { return hn::Mul(dy, cap_slope(n.factor, y)); });
    } else if constexpr (n.kind == node_kind::gain) {
      auto const by = hn::Set(d, input<1>::data(f)[element(f)]);
      pointwise1(self, f, [by](float_vec a) HWY_ATTR { return hn::Mul(a, by); });
    } else if constexpr (n.kind == node_kind::constant) {
      for_rows(self, f, [&](std::size_t, float* out) { *out = Program::graph.tables[n.index].values[f.layer]; });
    } else if constexpr (n.kind == node_kind::gain_total) {
      float const total = total_of_products(self, f);
      if (self.index == 0) *data(f) = total;
    } else if constexpr (n.kind == node_kind::pointwise) {
      for_rows(self, f, [&](std::size_t r, float* out) {
        float const* const a = row<0>(f, r);
        for (int i = 0; i < columns; ++i) out[i] = n.function(a[i]);
      });
    } else if constexpr (n.kind == node_kind::top_indices) {
      for_rows(self, f, [&](std::size_t r, float* out) {
        for (int p = 0; p < columns / inner; ++p)
          top_indices_row(row<0>(f, r) + p * input<0>::inner, input<0>::inner, out + p * inner, inner);
      });
    } else if constexpr (n.kind == node_kind::take) {
      for_rows(self, f, [&](std::size_t r, float* out) {
        for (int c = 0; c < columns; ++c)
          out[c] = row<0>(f, r)[c / inner * input<0>::inner + static_cast<int>(row<1>(f, r)[c])];
      });
    } else if constexpr (n.kind == node_kind::take_gradient) {
      constexpr int each = input<1>::inner;
      for_rows(self, f, [&](std::size_t r, float* out) {
        zero_floats(columns, out);
        for (int c = 0; c < input<0>::columns; ++c)
          out[c / each * inner + static_cast<int>(row<1>(f, r)[c])] += row<0>(f, r)[c];
      });
    } else if constexpr (n.kind == node_kind::expert_linear) {
      expert_products<second_is::outputs, factor>(self, choices(f), input<0>::template slots<2>(f), input<1>::matrix(f),
                                                  slots<2>(f), f.shared, f.own);
    } else if constexpr (n.kind == node_kind::expert_gradient) {
      expert_products<second_is::depth, factor>(self, choices(f), input<0>::template slots<2>(f), input<1>::matrix(f),
                                                slots<2>(f), f.shared, f.own);
    } else if constexpr (n.kind == node_kind::expert_weight_gradient) {
      expert_weight_gradients<factor>(self, choices(f), input<0>::template slots<2>(f), input<1>::template slots<2>(f),
                                      data(f), place.adds || f.adds, f.shared, f.own);
    } else if constexpr (n.kind == node_kind::gain_gradient) {
      float const total = total_of_products(self, f);
      if (self.index == 0) data(f)[n.factor < 0.0F ? f.layer : static_cast<int>(n.factor)] += total;
    } else if constexpr (n.kind == node_kind::sometimes) {
      bool const now = Program::graph.sets[n.index].contains(f.layer);
      keep_rows(self, f, [now](std::size_t) { return now; });
    } else if constexpr (n.kind == node_kind::skip_first) {
      keep_rows(self, f, [&](std::size_t r) { return input<1>::ids(f)[r] != 0; });
    } else if constexpr (n.kind == node_kind::shift) {
      shift_rows(self, f);
    } else if constexpr (n.kind == node_kind::first_row) {
      for_rows(self, f, [&](std::size_t s, float* out) {
        copy_floats(row<0>(f, static_cast<std::size_t>(f.batch.start(static_cast<int>(s)))), columns, out);
      });
    } else if constexpr (n.kind == node_kind::wanted_rows) {
      for_rows(self, f, [&](std::size_t r, float* out) {
        copy_floats(row<0>(f, static_cast<std::size_t>(f.batch.wanted[r])), columns, out);
      });
    } else if constexpr (n.kind == node_kind::first_row_gradient) {
      first_row_gradient(self, f);
    } else if constexpr (n.kind == node_kind::sinusoid) {
      float const* const table = f.tables + program_tables<Program>::sinusoid_at(Id);
      for_rows(self, f, [&](std::size_t r, float* out) {
        copy_floats(table + static_cast<std::int64_t>(input<0>::ids(f)[r]) * columns, columns, out);
      });
    } else {
      static_assert(n.kind == node_kind::add_losses, "this operation is not run yet");
    }
  }

 private:
  template <class, int>
  friend struct step;

  template <int I>
  static HWY_INLINE float* row(frame const& f, std::size_t r) {
    return input<I>::data(f) + r * input<I>::stride;
  }
  static HWY_INLINE void copy_floats(float const* from, int count, float* to) {
    store_row(to, count, [&](int i, std::size_t some) HWY_ATTR { return hn::LoadN(float_tag(), from + i, some); });
  }

  // The coin of a value is a hash of the step, the layer, the call and its place.
  static HWY_INLINE void dropout(worker const& self, frame const& f) {
    float const p = f.gradients == nullptr ? 0.0F : n.factor;
    float const kept = 1.0F / (1.0F - p);
    for_rows(self, f, [&](std::size_t r, float* out) {
      std::uint64_t const coins = coins_of_row(f.coins, n.index, f.layer, r);
      for (int i = 0; i < columns; ++i) out[i] = is_dropped(coins, i, p) ? 0.0F : row<0>(f, r)[i] * kept;
    });
  }

  // Rows by expert: those of a value with an axis of choices, or one for all of a row's.
  template <int Rank>
  static slot_rows slots(frame const& f) {
    return {data(f), stride, inner, n.shape.rank < Rank};
  }
  // Input 2 says which experts; how many there are, the rows of the matrix.
  static expert_choices choices(frame const& f) {
    using places = input<2>;
    constexpr int outs = n.kind == node_kind::expert_linear ? inner : input<0>::inner;
    constexpr int all =
        n.kind == node_kind::expert_weight_gradient ? n.shape.axes[0].extent : input<1>::n.shape.axes[0].extent;
    return {places::data(f), places::stride, places::rows(f), places::inner, all / outs};
  }

  static constexpr norm_kind norm_of(node_kind kind) {
    if (kind == node_kind::deviation_norm) return norm_kind::deviation_norm;
    return kind == node_kind::rms_norm ? norm_kind::rms_norm : norm_kind::layer_norm;
  }
  // Which value of a vector a `gain` takes.
  static int element(frame const& f) { return n.index < 0 ? f.layer : n.index; }
  // Row r of a where `keeps(r)`, else zeros.
  template <class Keeps>
  static HWY_INLINE void keep_rows(worker const& self, frame const& f, Keeps const& keeps) {
    for_rows(self, f, [&](std::size_t r, float* out) {
      if (keeps(r)) return copy_floats(row<0>(f, r), columns, out);
      zero_floats(columns, out);
    });
  }
  static HWY_INLINE void zero_floats(int count, float* to) {
    store_row(to, count, [&](int, std::size_t) HWY_ATTR { return hn::Zero(float_tag()); });
  }
  // visit(sequence, row, place in its sequence) for this worker's rows of tokens.
  template <class Visit>
  static HWY_INLINE void for_places(worker const& self, frame const& f, Visit const& visit) {
    work_range const mine = self.share(f.batch.rows());
    for (int s = 0; s < f.batch.sequences; ++s) {
      int const first = f.batch.start(s), last = HWY_MIN(mine.end, f.batch.start(s + 1));
      for (int r = HWY_MAX(mine.begin, first); r < last; ++r)
        visit(s, static_cast<std::size_t>(r), f.cache.pasts[s] + r - first);
    }
  }
  // Where input I of the token at `position` of a sequence is kept.
  template <int I>
  static HWY_INLINE float* kept(frame const& f, int sequence, int position) {
    constexpr int id = n.inputs[I];
    constexpr auto const& plan = Program::cache;
    return f.cache.rows + f.cache.slots[sequence] * f.cache.capacity * plan.floats +
           plan.at(id, kept_layer<I>(f), f.cache.capacity) + std::int64_t{position} * plan.places[id].stride;
  }
  // The layer of input I among those that have it.
  template <int I>
  static int kept_layer(frame const& f) {
    int layer = input<I>::n.loop < 0 ? 0 : f.layer;
    if constexpr (input<I>::n.only >= 0) layer = Program::graph.sets[input<I>::n.only].count(layer);
    return layer;
  }
  // Where input I of the source's token at `position` is kept.
  template <int I>
  static HWY_INLINE float* kept_source(frame const& f, int position) {
    constexpr int id = n.inputs[I];
    constexpr auto const& plan = Program::cache;
    return f.cache.source + plan.at(id, kept_layer<I>(f), f.cache.source_capacity) +
           std::int64_t{position} * plan.places[id].stride;
  }
  // Keeps this worker's rows of input I, which are those of one source.
  template <int I>
  static HWY_INLINE void keep_source(worker const& self, frame const& f) {
    work_range const mine = self.share(f.batch.source_rows());
    for (int r = mine.begin; r < mine.end; ++r)
      copy_floats(row<I>(f, static_cast<std::size_t>(r)), input<I>::columns, kept_source<I>(f, r));
  }
  // Keeps this worker's rows of input I.
  template <int I>
  static HWY_INLINE void keep(worker const& self, frame const& f) {
    for_places(self, f, [&](int s, std::size_t r, int position) {
      copy_floats(row<I>(f, r), input<I>::columns, kept<I>(f, s, position));
    });
  }
  // The row before of the same sequence, be it of this batch or kept.
  static HWY_INLINE void shift_kept_rows(worker const& self, frame const& f) {
    for_places(self, f, [&](int s, std::size_t r, int position) {
      float* const out = data(f) + r * stride;
      copy_floats(row<0>(f, r), columns, kept<0>(f, s, position));
      if (position == 0) return zero_floats(columns, out);
      copy_floats(position == f.cache.pasts[s] ? kept<0>(f, s, position - 1) : row<0>(f, r - 1), columns, out);
    });
  }

  // The row before, or after backwards, if it is of the same sequence.
  static HWY_INLINE void shift_rows(worker const& self, frame const& f) {
    if constexpr (keeps_rows<Program> && n.shape.rows == row_kind::token) return shift_kept_rows(self, f);
    std::int32_t const* const positions = input<1>::ids(f);
    for_rows(self, f, [&](std::size_t r, float* out) {
      std::size_t const from = n.index > 0 ? r - 1 : r + 1;
      bool const inside =
          n.index > 0 ? positions[r] != 0 : from < static_cast<std::size_t>(rows(f)) && positions[from] != 0;
      if (inside) return copy_floats(row<0>(f, from), columns, out);
      zero_floats(columns, out);
    });
  }
  static HWY_INLINE void first_row_gradient(worker const& self, frame const& f) {
    work_range const mine = self.share(f.batch.sequences);
    for (int s = mine.begin; s < mine.end; ++s)
      for (int r = f.batch.start(s); r < f.batch.start(s + 1); ++r) {
        float* const out = data(f) + static_cast<std::size_t>(r) * stride;
        if (r == f.batch.start(s))
          copy_floats(row<0>(f, static_cast<std::size_t>(s)), columns, out);
        else
          zero_floats(columns, out);
      }
  }
  // Sums of rows are made by all, and added up in order by one.
  static HWY_INLINE float total_of_products(worker const& self, frame const& f) {
    input<0>::for_rows(self, f, [&](std::size_t r, float*) HWY_ATTR {
      f.shared[r] = sum_of_pairs(row<0>(f, r), row<1>(f, r), input<0>::columns,
                                 [](float_vec x, float_vec y) HWY_ATTR { return hn::Mul(x, y); });
    });
    self.sync();
    float total = 0.0F;
    for (int r = 0; self.index == 0 && r < input<0>::rows(f); ++r) total += f.shared[r];
    return total;
  }
  template <int I>
  static float const* offset(frame const& f) {
    if constexpr (n.inputs[I] >= 0) return input<I>::data(f);
    return nullptr;
  }
  template <class Map>
  static HWY_INLINE void pointwise1(worker const& self, frame const& f, Map const& map) {
    float_tag const d;
    for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      float const* const a = input<0>::data(f) + r * input<0>::stride;
      store_row(out, columns, [&](int i, std::size_t count) HWY_ATTR { return map(hn::LoadN(d, a + i, count)); });
    });
  }
  template <class Map>
  static HWY_INLINE void pointwise2(worker const& self, frame const& f, Map const& map) {
    float_tag const d;
    for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      float const* const a = input<0>::data(f) + r * input<0>::stride;
      float const* const b = input<1>::data(f) + r * input<1>::stride;
      store_row(out, columns, [&](int i, std::size_t count) HWY_ATTR {
        return map(hn::LoadN(d, a + i, count), hn::LoadN(d, b + i, count));
      });
    });
  }
  // map(place in input 0, place in input 2, out) for each piece of `inner` values.
  template <class Map>
  static HWY_INLINE void for_pieces(worker const& self, frame const& f, Map const& map) {
    constexpr std::size_t last_stride = input<(n.inputs[2] >= 0 ? 2 : 0)>::stride;
    for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      for (int c = 0; c < columns; c += inner)
        map(r * input<0>::stride + static_cast<std::size_t>(c), r * last_stride + static_cast<std::size_t>(c), out + c);
    });
  }

  static HWY_INLINE void norm(worker const& self, frame const& f) {
    float_tag const d;
    constexpr norm_kind kind = norm_of(n.kind);
    float const* const weight = offset<1>(f);
    float const* const bias = offset<2>(f);
    for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      for (int c = 0; c < columns; c += inner) {
        normed_row<kind>(input<0>::data(f) + r * input<0>::stride + c, out + c, inner, n.factor);
        if (weight == nullptr) continue;
        store_row(out + c, inner, [&](int i, std::size_t count) HWY_ATTR {
          auto const y = hn::Mul(hn::LoadN(d, out + c + i, count), hn::LoadN(d, weight + i, count));
          return bias == nullptr ? y : hn::Add(y, hn::LoadN(d, bias + i, count));
        });
      }
    });
  }

  // dW (outputs, inputs) = dyᵀ·a
  static HWY_INLINE void weight_gradient(worker const& self, frame const& f) {
    float_rows const dy = input<0>::all(f);
    auto const stride_of = static_cast<std::size_t>(transposed_stride(dy.rows));
    float_rows const turned{f.shared, stride_of, dy.columns, dy.rows};
    work_range const mine = self.share(dy.columns, panel_rows);
    transpose(dy, mine.begin, mine.end, turned);
    self.sync();
    product_end const end{data(f), stride, inner, place.adds || f.adds, nullptr};
    share_product<second_is::depth, factor>(self, turned, input<1>::all(f), end, inner, f.own);
  }

  // Σ rows, of pieces of `inner` values, in the order of rows; a worker has whole vectors of columns.
  static HWY_INLINE void row_sum(worker const& self, frame const& f) {
    float_tag const d;
    work_range const mine = self.share(inner, lanes);
    float* const out = data(f);
    for (int i = mine.begin; i < mine.end; i += lanes) {
      auto const count = static_cast<std::size_t>(HWY_MIN(lanes, mine.end - i));
      auto sum = place.adds || f.adds ? hn::LoadN(d, out + i, count) : hn::Zero(d);
      for (int r = 0; r < input<0>::rows(f); ++r)
        for (int c = 0; c < input<0>::columns; c += inner) {
          auto const at = static_cast<std::size_t>(c + i);
          auto x = hn::LoadN(d, input<0>::data(f) + static_cast<std::size_t>(r) * input<0>::stride + at, count);
          if constexpr (n.inputs[1] >= 0)
            x = hn::Mul(x,
                        hn::LoadN(d, input<1>::data(f) + static_cast<std::size_t>(r) * input<1>::stride + at, count));
          sum = hn::Add(sum, x);
        }
      hn::StoreN(sum, d, out + i, count);
    }
  }

  // Rows of dy are added to those of the table in the order of tokens; a worker has columns of its own.
  static HWY_INLINE void gather_gradient(worker const& self, frame const& f) {
    float_tag const d;
    work_range const mine = self.share(inner, lanes);
    float* const out = data(f);
    if (!place.adds && !f.adds)
      for (int id = 0; id < n.shape.axes[0].extent; ++id)
        for (int i = mine.begin; i < mine.end; ++i) out[static_cast<std::int64_t>(id) * inner + i] = 0.0F;
    for (int r = 0; r < input<0>::rows(f); ++r) {
      float const* const dy = input<0>::data(f) + static_cast<std::size_t>(r) * input<0>::stride;
      float* const row = out + static_cast<std::int64_t>(input<1>::ids(f)[r] + static_cast<int>(n.factor)) * inner;
      for (int i = mine.begin; i < mine.end; i += lanes) {
        auto const count = static_cast<std::size_t>(HWY_MIN(lanes, mine.end - i));
        hn::StoreN(hn::Add(hn::LoadN(d, row + i, count), hn::LoadN(d, dy + i, count)), d, row + i, count);
      }
    }
  }

  static HWY_INLINE void rope(worker const& self, frame const& f) {
    using tables = program_tables<Program>;
    constexpr rope_config const& options = Program::graph.rotations[n.index];
    constexpr int pairs = static_cast<int>(tables::pairs(n.index));
    float const* const cos = f.tables + tables::rotation_at(n.index);
    float const* const sin = cos + tables::positions * pairs;
    for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      float const* const from = row<0>(f, r);
      for (int plane = 0; plane < options.planes; ++plane) {
        auto const at = static_cast<std::size_t>(plane_positions(f, plane)[r]) * pairs;
        for (int c = 2 * pairs * plane; c < columns; c += inner)
          rotate_pairs<options.style == rope_style::interleaved, (n.factor < 0.0F)>(from + c, out + c, pairs, cos + at,
                                                                                    sin + at);
      }
      for (int c = options.rotary_dims; c < columns; c += inner)
        copy_floats(from + c, inner - options.rotary_dims, out + c);
    });
  }
  static std::int32_t const* plane_positions(frame const& f, [[maybe_unused]] int plane) {
    if constexpr (n.inputs[2] >= 0)
      if (plane == 1) return input<2>::ids(f);
    return input<1>::ids(f);
  }

  static constexpr attention_extents extents() {
    auto const& q = input<0>::n.shape;
    return {q.axes[0].extent, input<1>::n.shape.axes[0].extent, q.axes[1].extent, input<2>::inner};
  }
  // Rows of queries and keys of a sequence.
  struct span_of_rows {
    int first;  // of queries
    int count;
    int first_key;
    int keys;
  };
  static span_of_rows span_of(frame const& f, int sequence) {
    int const first = input<0>::first_of(f, sequence), first_key = input<1>::first_of(f, sequence);
    return {first, input<0>::first_of(f, sequence + 1) - first, first_key,
            input<1>::first_of(f, sequence + 1) - first_key};
  }
  template <class Out>
  static attention_rows rows_of(frame const& f, span_of_rows const& rows) {
    auto const query = static_cast<std::size_t>(rows.first), key = static_cast<std::size_t>(rows.first_key);
    return {row<0>(f, query), row<1>(f, key),   row<2>(f, key),   Out::data(f) + query * Out::stride,
            input<0>::stride, input<1>::stride, input<2>::stride, Out::stride,
            rows.count,       rows.keys};
  }
  // Keys and values of the whole sequence, of which the queries are the end.
  static void look_back(frame const& f, int sequence, attention_rows& rows) {
    rows.first = f.cache.pasts[sequence];
    rows.keys += rows.first;
    rows.k = kept<1>(f, sequence, 0);
    rows.v = kept<2>(f, sequence, 0);
    rows.k_stride = static_cast<std::size_t>(Program::cache.places[n.inputs[1]].stride);
    rows.v_stride = static_cast<std::size_t>(Program::cache.places[n.inputs[2]].stride);
  }
  // Keys and values of the source.
  static void look_across(frame const& f, attention_rows& rows) {
    rows.keys = f.cache.source_length;
    rows.k = kept_source<1>(f, 0);
    rows.v = kept_source<2>(f, 0);
    rows.k_stride = static_cast<std::size_t>(Program::cache.places[n.inputs[1]].stride);
    rows.v_stride = static_cast<std::size_t>(Program::cache.places[n.inputs[2]].stride);
  }
  // `Table` is the input that is the table of biases, if there is one.
  template <int Table>
  static score_rules rules_of(frame const& f, int sequence, int keys) {
    constexpr attend_options const& o = Program::graph.attentions[n.index];
    float factor = o.scale != 0.0F ? o.scale : 1.0F / std::sqrt(static_cast<float>(extents().head_dim));
    if constexpr (o.scale_by_layer) factor /= static_cast<float>(f.layer + 1);
    return {.factor = factor,
            .softcap = o.softcap,
            .causal = o.mask != mask_kind::bidirectional,
            .window = o.unwindowed.contains(f.layer) ? 0 : o.window,
            .prefix = o.mask == mask_kind::prefix && f.batch.prefixes != nullptr ? f.batch.prefixes[sequence] : 0,
            .keys = keys,
            .biased = n.inputs[Table] >= 0,
            .buckets = o.relative,
            .table = offset<Table>(f),
            .dropout = f.gradients == nullptr ? 0.0F : o.dropout,
            .coins = {
                f.coins, n.index, f.layer,
                static_cast<std::size_t>(input<0>::first_of(f, sequence)) * static_cast<std::size_t>(extents().heads)}};
  }

  static HWY_INLINE void attention(worker const& self, frame const& f) {
    constexpr attention_extents e = extents();
    constexpr bool of_tokens = n.shape.rows == row_kind::token;
    constexpr bool crosses = of_tokens && input<1>::n.shape.rows == row_kind::source;
    constexpr bool back = keeps_rows<Program> && of_tokens && !crosses, across = keeps_rows<Program> && crosses;
    if constexpr (back) {
      keep<1>(self, f);
      keep<2>(self, f);
      self.sync();
    }
    if constexpr (across) {
      keep_source<1>(self, f);
      keep_source<2>(self, f);
      self.sync();
    }
    work_range const mine = self.share(f.batch.sequences * e.heads);
    for (int i = mine.begin; i < mine.end; ++i) {
      int const sequence = i / e.heads;
      attention_rows rows = rows_of<step>(f, span_of(f, sequence));
      if constexpr (back) look_back(f, sequence, rows);
      if constexpr (across) look_across(f, rows);
      attention_pass(rows, e, rules_of<3>(f, sequence, rows.keys), i % e.heads, f.own).run();
    }
  }

  static HWY_INLINE void attention_gradient(worker const& self, frame const& f) {
    constexpr attention_extents e = extents();
    constexpr int buckets = Program::graph.attentions[n.index].relative.buckets;
    for_rows(self, f, [&](std::size_t, float* out) HWY_ATTR { zero_floats(columns, out); });
    self.sync();
    work_range const mine = self.share(f.batch.sequences * e.kv_heads);
    for (int i = mine.begin; i < mine.end; ++i) {
      int const sequence = i / e.kv_heads;
      span_of_rows const rows = span_of(f, sequence);
      auto const query = static_cast<std::size_t>(rows.first);
      float* const dkv = row<5>(f, static_cast<std::size_t>(rows.first_key));
      attention_gradients const g{.dy = row<4>(f, query),
                                  .dy_stride = input<4>::stride,
                                  .dq = data(f) + query * stride,
                                  .dq_stride = stride,
                                  .dk = dkv,
                                  .dv = dkv + input<1>::columns,
                                  .kv_stride = input<5>::stride,
                                  .dbias = f.shared + static_cast<std::size_t>(sequence) * e.heads * buckets};
      attention_reversal(rows_of<input<3>>(f, rows), g, e, rules_of<6>(f, sequence, rows.keys), i % e.kv_heads, f.own)
          .run();
    }
    if constexpr (n.factor != 0.0F) {
      self.sync();
      add_bias_gradients(self, f, e.heads, buckets);
    }
  }
  // Those of the sequences, in order, to the table's.
  static HWY_INLINE void add_bias_gradients(worker const& self, frame const& f, int heads, int buckets) {
    float* const out = f.gradients + (input<6>::data(f) - f.parameters);
    work_range const mine = self.share(heads);
    for (int h = mine.begin; h < mine.end; ++h)
      for (int b = 0; b < buckets; ++b)
        for (int s = 0; s < f.batch.sequences; ++s) out[b * heads + h] += f.shared[(s * heads + h) * buckets + b];
  }
  // The first row of a sequence in values like this one.
  static int first_of(frame const& f, int sequence) {
    return n.shape.rows == row_kind::source ? f.batch.source_start(sequence) : f.batch.start(sequence);
  }

  static HWY_INLINE void loss(worker const& self, frame& f) {
    std::int32_t const* const ids = input<3>::ids(f);
    int targets = 0;
    for (int r = 0; r < input<0>::rows(f); ++r) targets += ids[r] >= 0 ? 1 : 0;
    using weight = input<1>;
    constexpr bool gradients = (n.index & loss_gradient::input) != 0;
    loss_head h{input<0>::all(f),
                weight::matrix(f),
                offset<2>(f),
                ids,
                {},
                nullptr,
                nullptr,
                place.adds || f.adds,
                targets == 0 ? 0.0F : f.weight / static_cast<float>(targets),
                n.factor,
                Program::graph.learns.smoothing};
    if (gradients && f.gradients != nullptr) {
      h.dx = all(f);
      if constexpr ((n.index & loss_gradient::weight) != 0) h.dweight = f.gradients + weight::place.offset;
      if constexpr ((n.index & loss_gradient::bias) != 0) h.dbias = f.gradients + input<2>::place.offset;
    }
    f.loss += cross_entropy<factor>(self, h, f.shared, f.own);
  }
};

/// Nodes [Begin, End) of `Program`, loops in them as loops.
template <class Program, int Begin, int End>
HWY_INLINE void run_nodes(worker const& self, frame& f);

/// One node. Functions of their own, so that a compiler meets them one by one.
template <class Program, int Id>
HWY_NOINLINE void run_step(worker const& self, frame& f) {
  if (!step<Program, Id>::runs(f)) return;
  step<Program, Id>::run(self, f);
  self.sync();
}

/// What a loop begins with is copied to where its first iteration finds it.
template <class Program, int Id>
HWY_NOINLINE void begin_carry(worker const& self, frame& f) {
  using in = step<Program, Id>;
  using from = typename in::template input<0>;
  f.layer = 0;
  in::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
    float const* const row = from::data(f) + r * from::stride;
    store_row(out, in::columns, [&](int i, std::size_t n) HWY_ATTR { return hn::LoadN(float_tag(), row + i, n); });
  });
}

/// Nodes [Begin, End) of `Program`, the body of a loop, once for each layer.
template <class Program, int Begin, int End>
HWY_INLINE void run_loop(worker const& self, frame& f) {
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
HWY_INLINE void run_nodes(worker const& self, frame& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) {
    auto const one = [&]<int Id>() {
      if constexpr (detail::computes(Program::graph.nodes[Id])) run_step<Program, Id>(self, f);
    };
    (one.template operator()<Begin + I>(), ...);
  }(std::make_integer_sequence<int, End - Begin>());
}

/// Gradients that a pass adds to from its beginning become 0.
template <class Program>
HWY_NOINLINE void begin_gradients(worker const& self, frame const& f) {
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
void run_program(worker const& self, frame& f) {
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

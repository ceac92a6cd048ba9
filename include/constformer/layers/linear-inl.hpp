// Linear layers over packed panels, and what is done with their sums while these are in registers.
#if defined(CONSTFORMER_LAYERS_LINEAR_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_LINEAR_INL_HPP
#undef CONSTFORMER_LAYERS_LINEAR_INL_HPP
#else
#define CONSTFORMER_LAYERS_LINEAR_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/weight_types.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/activation-inl.hpp"
#include "constformer/kernels/block_panels-inl.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/integers-inl.hpp"
#include "constformer/kernels/matmul-inl.hpp"
#include "constformer/kernels/pairs-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/packed_value.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Rows of activations, `stride` floats apart.
struct matrix_rows {
  float* data;         ///< of row 0
  std::size_t stride;  ///< floats from one row to the next
  /// The first float of row r.
  [[nodiscard]] float* row(int r) const { return data + static_cast<std::size_t>(r) * stride; }
};

/// v plus the bias of its columns, if there is one.
template <bool Bias>
HWY_INLINE float_vec with_bias(float_vec v, float const* bias, int column) {
  if constexpr (Bias) return hn::Add(v, hn::LoadU(float_tag(), bias + column));
  return v;
}

/// out = W·x + b
template <bool Bias>
struct store_sums {
  matrix_rows out;    ///< rows padded to whole panels
  float const* bias;  ///< one per output, null without
  /// Takes the sums of columns [column, column + lanes) of a row.
  HWY_INLINE void operator()(int row, int column, float_vec v) const {
    hn::StoreU(with_bias<Bias>(v, bias, column), float_tag(), out.row(row) + column);
  }
};

/// out += W·x + b
template <bool Bias>
struct add_sums {
  matrix_rows out;    ///< rows padded to whole panels
  float const* bias;  ///< one per output, null without
  /// Takes the sums of columns [column, column + lanes) of a row.
  HWY_INLINE void operator()(int row, int column, float_vec v) const {
    float* const at = out.row(row) + column;
    hn::StoreU(hn::Add(hn::LoadU(float_tag(), at), with_bias<Bias>(v, bias, column)), float_tag(), at);
  }
};

/// out = scale·out + W·x + b
template <bool Bias>
struct blend_sums {
  matrix_rows out;    ///< rows padded to whole panels
  float const* bias;  ///< one per output, null without
  float scale;        ///< of what is there
  /// Takes the sums of columns [column, column + lanes) of a row.
  HWY_INLINE void operator()(int row, int column, float_vec v) const {
    float_tag const d;
    float* const at = out.row(row) + column;
    hn::StoreU(hn::MulAdd(hn::LoadU(d, at), hn::Set(d, scale), with_bias<Bias>(v, bias, column)), d, at);
  }
};

/// out = act(W·x + b)
template <activation_kind Act, bool Bias>
struct activate_sums {
  matrix_rows out;    ///< rows padded to whole panels
  float const* bias;  ///< one per output, null without
  /// Takes the sums of columns [column, column + lanes) of a row.
  HWY_INLINE void operator()(int row, int column, float_vec v) const {
    hn::StoreU(activate<Act>(float_tag(), with_bias<Bias>(v, bias, column)), float_tag(), out.row(row) + column);
  }
};

/// out = act(gate) · up, for panels of gate and up in turn: an even panel leaves act(gate), the odd one after it
/// multiplies.
template <activation_kind Act, bool Bias>
struct gate_sums {
  matrix_rows out;    ///< rows padded to whole panels
  float const* bias;  ///< one per output, null without
  /// Takes the sums of columns [column, column + lanes) of a row.
  HWY_INLINE void operator()(int row, int column, float_vec v) const {
    float_tag const d;
    int const panel = column / panel_rows;
    float* const at = out.row(row) + (panel / 2) * panel_rows + column % panel_rows;
    auto const y = with_bias<Bias>(v, bias, column);
    hn::StoreU(panel % 2 == 0 ? activate<Act>(d, y) : hn::Mul(hn::LoadU(d, at), y), d, at);
  }
};

/// What inputs of matrices of `Type` in `Config` are: where there are no products of what it asks for, floats.
template <config const& Config, dtype Type>
inline constexpr dtype inputs_of =
    (Config.inputs == dtype::i8 && has_integer_products(Type)) || (Config.inputs == dtype::bf16 && Type == dtype::bf16)
        ? Config.inputs
        : dtype::f32;

/// What such inputs are rounded to.
template <config const& Config, dtype Type>
using rounded_input = std::conditional_t<Config.inputs == dtype::bf16, bf16_input, rounded_inputs<stored<Type>>>;

/// From one row of rounded inputs to the next, in `rounded_input`.
template <config const& Config>
constexpr std::size_t rounded_stride(int depth) {
  return Config.inputs == dtype::bf16 ? static_cast<std::size_t>(padded(depth)) : input_blocks(depth);
}

/// One row of In inputs, rounded.
template <config const& Config, dtype Type, int In>
HWY_INLINE void round_inputs(float const* x, rounded_input<Config, Type>* out) {
  if constexpr (Config.inputs == dtype::bf16)
    round_to_bf16(x, In, out);
  else
    round_row(x, In, out);
}

/// x (rows, In) rounded, for weights of `Type`. A single row is rounded by every worker for itself; more rows are
/// shared out, between two barriers: other workers may still read those of the matrix before.
template <config const& Config, dtype Type, int In>
HWY_INLINE auto rounded_rows(worker const& self, stage const& s, matrix_rows x, int rows) {
  using input = rounded_input<Config, Type>;
  if (rows == 1) {
    std::byte* const own = s.own_rounded + static_cast<std::size_t>(self.index) * rounded_row_bytes(Config);
    round_inputs<Config, Type, In>(x.data, reinterpret_cast<input*>(own));
    return reinterpret_cast<input const*>(own);
  }
  self.sync();
  auto* const shared = reinterpret_cast<input*>(s.rounded);
  work_range const mine = self.share(rows);
  for (int row = mine.begin; row < mine.end; ++row)
    round_inputs<Config, Type, In>(x.row(row), shared + static_cast<std::size_t>(row) * rounded_stride<Config>(In));
  self.sync();
  return static_cast<input const*>(shared);
}

/// Pieces in which the sums of a matrix (Out, In) are made, so that a single row has at least eight chains of
/// additions: as many as a processor that adds two vectors a cycle, each in four, needs.
template <int Out, int In, class Weight>
constexpr int chains_of() {
  constexpr int together = padded(Out) / panel_rows * panel_vecs;
  constexpr int shortest = 8;  // columns; the pieces are added up, too
  int chains = 1;
  while (chains < 4 && 2 * chains * together <= 8 && In % (2 * chains * panel_line<Weight>::columns) == 0 &&
         In / (2 * chains) >= shortest)
    chains *= 2;
  return In <= largest_fixed_depth ? chains : 1;
}

/// An extent of a matrix of `Weight`, as `matmul` takes it: super-blocks gain nothing from extents that are known, and
/// matrices of several shapes share their code.
template <class Weight, class Extent>
using extent_for = std::conditional_t<is_super_block<Weight>, int, Extent>;

/// The depth of a matrix (Out, In), as `matmul` takes it. Blocks with scales are pieces already.
template <int Out, int In, class Weight>
HWY_INLINE auto depth_of() {
  if constexpr (has_scales<Weight>) {
    return extent_for<Weight, extent<In>>{In};
  } else if constexpr (constexpr int chains = chains_of<Out, In, Weight>(); chains > 1) {
    return chained<In, chains>{};
  } else {
    return extent_of<In>();
  }
}

/// Models whose weights do not fit into the last cache of a processor's cores, mostly 32 MiB, stream them from memory
/// for every token. A single row then asks for lines ahead; from that cache it is slower to (s15M in bf16: by 30 %).
inline constexpr std::int64_t cached_bytes = std::int64_t{32} << 20;
/// What a single row fetches of the weights of `Config`.
template <config const& Config>
inline constexpr fetched fetched_by_row =
    packed_layout_of(Config).bytes > cached_bytes ? fetched::lines : fetched::nothing;

/// What a worker sums up before it multiplies with it, while weights are read for the first time: no more than its
/// second level of cache holds.
inline constexpr std::int64_t reading_bytes = std::int64_t{256} << 10;

/// A matrix in panels, as it is read for the first time.
struct unread_matrix {
  std::byte const* data;     ///< of panel 0
  std::int64_t panel_bytes;  ///< of each panel
  int panels;                ///< of all rows
  int bundle;                ///< panels whose lines lie in turn

  /// Where the bundle of a panel begins; of the one past the last: the end.
  [[nodiscard]] std::byte const* bundle_of(int panel) const {
    return data + panel_bytes * (panel == panels ? panel : panel - panel % bundle);
  }
};

/// Sums up the next few whole bundles of the panels `mine`, from `first` on; returns where they end. One function for
/// all models: it is called once a matrix and worker and 256 KiB, and inlined it made units 10 % slower to compile.
HWY_NOINLINE inline int read_next(first_reading& reading, unread_matrix const& m, work_range mine, int first) {
  if (first == mine.begin) reading.map({m.bundle_of(mine.begin), m.bundle_of(mine.end)});
  int const few = static_cast<int>(HWY_MAX(reading_bytes / (bundle_panels * m.panel_bytes), 1)) * bundle_panels;
  int const last = HWY_MIN((first / few + 1) * few, mine.end);
  reading.sum({m.bundle_of(first), m.bundle_of(last)});
  return last;
}

/// multiply(first, last) for the panels `mine` of a matrix (Out, In) of `Type`: for all at once, or, while large
/// weights are read for the first time, for a few bundles after another, each summed up before.
template <config const& Config, dtype Type, int Out, int In, class Multiply>
HWY_INLINE void in_readings(stage const& s, std::byte const* weight, work_range mine, Multiply const& multiply) {
  constexpr bool large = fetched_by_row<Config> == fetched::lines;
  for (int first = mine.begin, last = mine.end; first < mine.end; first = last) {
    if constexpr (large) {
      constexpr std::int64_t panel = panel_bytes(Type, panel_rows, In);
      unread_matrix const matrix{weight, panel, padded(Out) / panel_rows, panels_of_bundle(Type)};
      if (s.reading != nullptr) last = read_next(*s.reading, matrix, mine, first);
    }
    multiply(first, last);
  }
}

/// This worker's share of finish(W·x): W (Out, In) of `Type` packed at `weight`, x (rows, In). Shares are whole units of
/// panels. All workers call it.
template <config const& Config, dtype Type, int Out, int In, class Finish>
HWY_INLINE void linear_forward(worker const& self, stage const& s, std::byte const* weight, matrix_rows x, int rows,
                               Finish const& finish, int unit = 1) {
  constexpr int all_panels = padded(Out) / panel_rows;
  auto const* const panels = reinterpret_cast<stored<Type> const*>(weight);
  extent_for<stored<Type>, fixed<all_panels>> const count{all_panels};
  work_range const mine = self.share(all_panels, unit);
  if constexpr (inputs_of<Config, Type> != dtype::f32) {
    auto const* const rounded = rounded_rows<Config, Type, In>(self, s, x, rows);
    in_readings<Config, Type, Out, In>(s, weight, mine, [&](int first, int last) HWY_ATTR {
      matmul<fetched_by_row<Config>>(rounded, rounded_stride<Config>(In), rows, panels,
                                     extent_for<stored<Type>, extent<In>>{In}, count, first, last, finish);
    });
  } else {
    in_readings<Config, Type, Out, In>(s, weight, mine, [&](int first, int last) HWY_ATTR {
      matmul<fetched_by_row<Config>>(x.data, x.stride, rows, panels, depth_of<Out, In, stored<Type>>(), count, first,
                                     last, finish);
    });
  }
}

/// The same of the matrix of `Kind` in `layer`, whose type that layer decides.
template <config const& Config, weight_kind Kind, int Out, int In, class Finish>
HWY_INLINE void linear_forward(worker const& self, stage const& s, int layer, matrix_rows x, int rows,
                               Finish const& finish, int unit = 1) {
  static constexpr packed_runs runs = packed_layout_of(Config).of(Kind);
  if constexpr (runs.count == 1) {
    std::byte const* const weight = s.weights + runs.list[0].offset + layer * runs.list[0].stride;
    linear_forward<Config, runs.list[0].type, Out, In>(self, s, weight, x, rows, finish, unit);
  } else {
    auto const try_run = [&]<int Run>() HWY_ATTR {
      if constexpr (Run < runs.count) {
        if (&runs.of(layer) == &runs.list[Run])
          linear_forward<Config, runs.list[Run].type, Out, In>(self, s, s.weights + runs.at(layer), x, rows, finish,
                                                               unit);
      }
    };
    static_assert(packed_runs::limit == 4);
    try_run.template operator()<0>();
    try_run.template operator()<1>();
    try_run.template operator()<2>();
    try_run.template operator()<3>();
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

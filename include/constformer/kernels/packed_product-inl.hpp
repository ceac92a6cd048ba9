// W·x of matrices in packed panels, and what is done with the sums while these are in registers.
#if defined(CONSTFORMER_KERNELS_PACKED_PRODUCT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_PACKED_PRODUCT_INL_HPP
#undef CONSTFORMER_KERNELS_PACKED_PRODUCT_INL_HPP
#else
#define CONSTFORMER_KERNELS_PACKED_PRODUCT_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/checkpoint/first_reading.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/checkpoint/packed_value.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/activation-inl.hpp"
#include "constformer/kernels/block_panels-inl.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/integers-inl.hpp"
#include "constformer/kernels/math-inl.hpp"
#include "constformer/kernels/matmul-inl.hpp"
#include "constformer/kernels/pairs-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"

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

/// out = cap·tanh((scale·W·x + b)/cap), without the steps that are not there: logits.
template <bool Scaled, bool Bias, bool Capped>
struct logit_sums {
  matrix_rows out;    ///< rows padded to whole panels
  float const* bias;  ///< one per output, null without
  float scale;        ///< of W·x
  float cap;          ///< beyond which no logit gets
  /// Takes the sums of columns [column, column + lanes) of a row.
  HWY_INLINE void operator()(int row, int column, float_vec v) const {
    float_tag const d;
    if constexpr (Scaled) v = hn::Mul(v, hn::Set(d, scale));
    v = with_bias<Bias>(v, bias, column);
    if constexpr (Capped) v = hn::Mul(hn::Set(d, cap), tanh(d, hn::Mul(v, hn::Set(d, 1.0F / cap))));
    hn::StoreU(v, d, out.row(row) + column);
  }
};

/// What the product with a packed matrix is computed as, whatever model it is of.
struct product_policy {
  std::size_t rounded_bytes = 0;  ///< of a row of rounded inputs, the widest of the model's
  dtype type = dtype::f32;        ///< of the matrix, as packed
  dtype inputs = dtype::f32;      ///< what its inputs are rounded to: `product_inputs`
  bool streamed = false;          ///< weights come from memory for every token: `is_streamed`
};

/// What inputs of matrices of `type` are where a model asks for `asked`: where there are no products of that, floats.
[[nodiscard]] constexpr dtype product_inputs(dtype asked, dtype type) {
  bool const has_products =
      (asked == dtype::i8 && has_integer_products(type)) || (asked == dtype::bf16 && type == dtype::bf16);
  return has_products ? asked : dtype::f32;
}

/// Models whose weights do not fit into the last cache of a processor's cores, mostly 32 MiB, stream them from memory
/// for every token. A single row then asks for lines ahead; from that cache it is slower to (s15M in bf16: by 30 %).
[[nodiscard]] constexpr bool is_streamed(std::int64_t weight_bytes) {
  constexpr std::int64_t cached_bytes = std::int64_t{32} << 20;
  return weight_bytes > cached_bytes;
}

/// What inputs are rounded to.
template <product_policy Policy>
using rounded_input = std::conditional_t<Policy.inputs == dtype::bf16, bf16_input, rounded_inputs<stored<Policy.type>>>;

/// From one row of rounded inputs to the next, in `rounded_input`.
template <product_policy Policy>
constexpr std::size_t rounded_stride(int depth) {
  return Policy.inputs == dtype::bf16 ? static_cast<std::size_t>(padded(depth)) : input_blocks(depth);
}

/// One row of In inputs, rounded.
template <product_policy Policy, int In>
HWY_INLINE void round_inputs(float const* x, rounded_input<Policy>* out) {
  if constexpr (Policy.inputs == dtype::bf16)
    round_to_bf16(x, In, out);
  else
    round_row(x, In, out);
}

/// x (rows, In) rounded, into `rounded` or, one row, `own_rounded` of `room`. A single row is rounded by every worker
/// for itself; more rows are shared out, between two barriers: other workers may still read those of the matrix before.
template <product_policy Policy, int In, class Room>
HWY_INLINE auto rounded_rows(worker const& self, Room const& room, matrix_rows x, int rows) {
  using input = rounded_input<Policy>;
  if (rows == 1) {
    std::byte* const own = room.own_rounded + static_cast<std::size_t>(self.index) * Policy.rounded_bytes;
    round_inputs<Policy, In>(x.data, reinterpret_cast<input*>(own));
    return reinterpret_cast<input const*>(own);
  }
  self.sync();
  auto* const shared = reinterpret_cast<input*>(room.rounded);
  work_range const mine = self.share(rows);
  for (int row = mine.begin; row < mine.end; ++row)
    round_inputs<Policy, In>(x.row(row), shared + static_cast<std::size_t>(row) * rounded_stride<Policy>(In));
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

/// multiply(first, last) for the panels `mine` of a matrix (Out, In): for all at once, or, while large weights are read
/// for the first time, for a few bundles after another, each summed up before by `reading`.
template <product_policy Policy, int Out, int In, class Multiply>
HWY_INLINE void in_readings(first_reading* reading, std::byte const* weight, work_range mine,
                            Multiply const& multiply) {
  for (int first = mine.begin, last = mine.end; first < mine.end; first = last) {
    if constexpr (Policy.streamed) {
      constexpr std::int64_t panel = panel_bytes(Policy.type, panel_rows, In);
      unread_matrix const matrix{weight, panel, padded(Out) / panel_rows, panels_of_bundle(Policy.type)};
      if (reading != nullptr) last = read_next(*reading, matrix, mine, first);
    }
    multiply(first, last);
  }
}

/// This worker's share of finish(W·x): W (Out, In) packed at `weight`, x (rows, In). Shares are whole units of panels.
/// All workers call it. `room` has `reading`, null or the check of weights that nobody has checked, and room for
/// rounded inputs.
template <product_policy Policy, int Out, int In, class Room, class Finish>
HWY_INLINE void multiply_packed(worker const& self, Room const& room, std::byte const* weight, matrix_rows x, int rows,
                                Finish const& finish, int unit = 1) {
  using element = stored<Policy.type>;
  constexpr fetched ahead = Policy.streamed ? fetched::lines : fetched::nothing;
  constexpr int all_panels = padded(Out) / panel_rows;
  auto const* const panels = reinterpret_cast<element const*>(weight);
  extent_for<element, fixed<all_panels>> const count{all_panels};
  work_range const mine = self.share(all_panels, unit);
  if constexpr (Policy.inputs != dtype::f32) {
    auto const* const rounded = rounded_rows<Policy, In>(self, room, x, rows);
    in_readings<Policy, Out, In>(room.reading, weight, mine, [&](int first, int last) HWY_ATTR {
      matmul<ahead>(rounded, rounded_stride<Policy>(In), rows, panels, extent_for<element, extent<In>>{In}, count,
                    first, last, finish);
    });
  } else {
    in_readings<Policy, Out, In>(room.reading, weight, mine, [&](int first, int last) HWY_ATTR {
      matmul<ahead>(x.data, x.stride, rows, panels, depth_of<Out, In, element>(), count, first, last, finish);
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

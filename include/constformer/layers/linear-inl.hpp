// Linear layers over packed panels, and what is done with their sums while these are in registers.
#if defined(CONSTFORMER_LAYERS_LINEAR_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_LINEAR_INL_HPP
#undef CONSTFORMER_LAYERS_LINEAR_INL_HPP
#else
#define CONSTFORMER_LAYERS_LINEAR_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/activation-inl.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/integers-inl.hpp"
#include "constformer/kernels/matmul-inl.hpp"
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

/// out = act(gate) · up, for panels of gate and up in turn: an even panel leaves act(gate), the odd one after it multiplies.
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

/// x (rows, In) as integers, for weights of `Config`. A single row is rounded by every worker for itself; more rows are shared out,
/// between two barriers: other workers may still read those of the matrix before.
template <config const& Config, int In>
HWY_INLINE auto rounded_rows(worker const& self, stage const& s, matrix_rows x, int rows) {
  using block = rounded_inputs<stored<Config.weights>>;
  if (rows == 1) {
    std::byte* const own = s.own_rounded + static_cast<std::size_t>(self.index) * rounded_row_bytes(Config);
    round_row(x.data, In, reinterpret_cast<block*>(own));
    return reinterpret_cast<block const*>(own);
  }
  self.sync();
  auto* const shared = reinterpret_cast<block*>(s.rounded);
  work_range const mine = self.share(rows);
  for (int row = mine.begin; row < mine.end; ++row)
    round_row(x.row(row), In, shared + static_cast<std::size_t>(row) * input_blocks(In));
  self.sync();
  return static_cast<block const*>(shared);
}

/// This worker's share of finish(W·x): W (Out, In) of `Config` packed at `weight`, x (rows, In). Shares are whole units of panels. All
/// workers call it.
template <config const& Config, int Out, int In, class Finish>
HWY_INLINE void linear_forward(worker const& self, [[maybe_unused]] stage const& s, std::byte const* weight,
                               matrix_rows x, int rows, Finish const& finish, int unit = 1) {
  constexpr int all_panels = padded(Out) / panel_rows;
  auto const* const panels = reinterpret_cast<stored<Config.weights> const*>(weight);
  work_range const mine = self.share(all_panels, unit);
  if constexpr (Config.inputs == dtype::i8) {
    auto const* const integers = rounded_rows<Config, In>(self, s, x, rows);
    if (mine.begin == mine.end) return;
    matmul(integers, input_blocks(In), rows, panels, extent_of<In>(), mine.begin, mine.end, finish);
  } else {
    if (mine.begin == mine.end) return;
    matmul(x.data, x.stride, rows, panels, extent_of<In>(), mine.begin, mine.end, finish);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

// The feed-forward layer over a stage.
#if defined(CONSTFORMER_LAYERS_FFN_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_FFN_INL_HPP
#undef CONSTFORMER_LAYERS_FFN_INL_HPP
#else
#define CONSTFORMER_LAYERS_FFN_INL_HPP
#endif

#include <cstddef>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "constformer/layers/norm-inl.hpp"
#include "constformer/layers/residual-inl.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The feed-forward layer of one block of `Config`.
template <config const& Config>
class ffn_layer {
  static constexpr packed_block place = packed_layout_of(Config).block;
  static constexpr std::size_t hidden_stride = padded(Config.d_ff);
  using to_hidden = std::conditional_t<Config.gated, gate_sums<Config.activation, Config.bias_ffn>,
                                       activate_sums<Config.activation, Config.bias_ffn>>;

 public:
  /// hidden = act(up(input)), gated or not, with a barrier after: `input` has then been read.
  static HWY_INLINE void expand(worker const& self, stage const& s, int layer, std::byte const* block,
                                matrix_rows input) {
    constexpr int pair = Config.gated ? 2 : 1;  // a gate panel and its up panel stay with one worker
    to_hidden const hidden{{s.hidden, hidden_stride}, floats_at(block, place.up_bias)};
    linear_forward<Config, weight_kind::up, up_rows(Config), Config.d_model>(self, s, layer, input, s.rows, hidden,
                                                                             pair);
    self.sync();
  }

  /// down(hidden) into the stream, or where the residual wants it.
  static HWY_INLINE void contract(worker const& self, stage const& s, int layer, std::byte const* block) {
    auto const to_stream = to_residual<Config, Config.bias_ffn>(s, floats_at(block, place.down_bias));
    linear_forward<Config, weight_kind::down, Config.d_model, Config.d_ff>(self, s, layer, {s.hidden, hidden_stride},
                                                                           s.rows, to_stream);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

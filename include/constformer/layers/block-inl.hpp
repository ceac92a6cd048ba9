// One block over a stage.
#if defined(CONSTFORMER_LAYERS_BLOCK_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_BLOCK_INL_HPP
#undef CONSTFORMER_LAYERS_BLOCK_INL_HPP
#else
#define CONSTFORMER_LAYERS_BLOCK_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/layers/attention-inl.hpp"
#include "constformer/layers/cross_attention-inl.hpp"
#include "constformer/layers/ffn-inl.hpp"
#include "constformer/layers/norm-inl.hpp"
#include "constformer/layers/residual-inl.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// One block of `Config`, found by its index at run time.
template <config const& Config>
class block_layer {
  static constexpr packed_block place = packed_layout_of(Config).block;
  static constexpr std::size_t stride = padded(Config.d_model);
  using attention_type = attention_layer<Config>;
  using cross_type = std::conditional_t<has_encoder(Config), cross_attention_layer<Config>, no_cross_attention>;
  using ffn_type = ffn_layer<Config>;
  using scratch_type = typename attention_type::scratch;

  static HWY_INLINE norm_weights norm_at(std::byte const* block, std::int64_t weight, std::int64_t bias) {
    return norm_weights_at<Config>(block, weight, bias);
  }

  // What each half reads: the normed stream; the stream itself if norms come after, or if it is itself normed.
  static HWY_INLINE matrix_rows input_of(worker const& self, stage const& s, norm_weights const& w) {
    if constexpr (Config.place == norm_place::deep) normalize_stream<Config>(self, s, w);
    if constexpr (Config.place == norm_place::post || Config.place == norm_place::deep) return {s.x, stride};
    return normed_rows<Config>(self, s, w);
  }

  // After a half's last matrix, with a barrier after. `by` is the half's norm, `out` the one on its output, if it has
  // one.
  static HWY_INLINE void settle(worker const& self, stage const& s, norm_weights const& by, norm_weights const& out) {
    if constexpr (Config.place == norm_place::sandwich) {
      add_normed<Config>(self, s, out);
    } else {
      self.sync();
      if constexpr (Config.place == norm_place::post) normalize_stream<Config>(self, s, by);
    }
  }

  // x + attention(norm(x)) + ffn(norm(x)): both read x before either adds to it. A worker adds both to its own columns.
  static HWY_INLINE void both_halves(worker const& self, stage const& s, scratch_type& mine, int layer,
                                     std::byte const* block, norm_weights const& by_attention,
                                     norm_weights const& by_ffn) {
    attention_type::mix(self, s, mine, layer, block, normed_rows<Config>(self, s, by_attention));
    ffn_type::expand(self, s, layer, block, normed_rows<Config>(self, s, by_ffn));
    attention_type::project(self, s, layer, block);
    ffn_type::contract(self, s, layer, block);
    self.sync();
  }

 public:
  /// What each worker needs of its own.
  struct scratch {
    typename attention_type::scratch attention;                ///< of self-attention
    [[no_unique_address]] typename cross_type::scratch cross;  ///< of cross-attention
  };

  /// pre: x += attention(norm(x)); x += ffn(norm(x)). post: x = norm(x + attention(x)); x = norm(x + ffn(x)).
  /// With an encoder cross-attention stands between the two, in the same form.
  /// deep: x = norm(x); x = scale·x + attention(x); x = norm(x); x = scale·x + ffn(x).
  /// sandwich: x += norm(attention(norm(x))); x += norm(ffn(norm(x))). parallel: x += attention(norm(x)) +
  /// ffn(norm(x)).
  static HWY_NOINLINE void forward(worker const& self, stage const& s, scratch& mine, int layer) {
    std::byte const* const block = s.weights + packed_layout_of(Config).blocks + layer * place.bytes;
    norm_weights const by_attention = norm_at(block, place.attention_norm, place.attention_norm_bias);
    norm_weights const by_ffn = norm_at(block, place.ffn_norm, place.ffn_norm_bias);
    if constexpr (Config.parallel) return both_halves(self, s, mine.attention, layer, block, by_attention, by_ffn);
    attention_type::mix(self, s, mine.attention, layer, block, input_of(self, s, by_attention));
    attention_type::project(self, s, layer, block);
    settle(self, s, by_attention, norm_at(block, place.attention_out_norm, place.attention_out_norm_bias));
    if constexpr (has_encoder(Config)) {
      norm_weights const by_cross = norm_at(block, place.cross_norm, place.cross_norm_bias);
      cross_type::forward(self, s, mine.cross, layer, block, input_of(self, s, by_cross));
      if constexpr (Config.place == norm_place::post) normalize_stream<Config>(self, s, by_cross);
    }
    ffn_type::expand(self, s, layer, block, input_of(self, s, by_ffn));
    ffn_type::contract(self, s, layer, block);
    settle(self, s, by_ffn, norm_at(block, place.ffn_out_norm, place.ffn_out_norm_bias));
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

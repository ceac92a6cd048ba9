// One block over a stage.
#if defined(CONSTFORMER_LAYERS_BLOCK_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_BLOCK_INL_HPP
#undef CONSTFORMER_LAYERS_BLOCK_INL_HPP
#else
#define CONSTFORMER_LAYERS_BLOCK_INL_HPP
#endif

#include <cstddef>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/layers/attention-inl.hpp"
#include "constformer/layers/cross_attention-inl.hpp"
#include "constformer/layers/ffn-inl.hpp"
#include "constformer/layers/norm-inl.hpp"
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

 public:
  /// What each worker needs of its own.
  struct scratch {
    typename attention_type::scratch attention;                ///< of self-attention
    [[no_unique_address]] typename cross_type::scratch cross;  ///< of cross-attention
  };

  /// pre: x += attention(norm(x)); x += ffn(norm(x)). post: x = norm(x + attention(x)); x = norm(x + ffn(x)).
  /// With an encoder cross-attention stands between the two, in the same form.
  static HWY_NOINLINE void forward(worker const& self, stage const& s, scratch& mine, int layer) {
    std::byte const* const block = s.weights + packed_layout_of(Config).blocks + layer * place.bytes;
    norm_weights const by_attention = norm_weights_at<Config>(block, place.attention_norm, place.attention_norm_bias);
    norm_weights const by_ffn = norm_weights_at<Config>(block, place.ffn_norm, place.ffn_norm_bias);
    if constexpr (Config.place == norm_place::pre) {
      attention_type::forward(self, s, mine.attention, layer, block, normed_rows<Config>(self, s, by_attention));
      if constexpr (has_encoder(Config)) {
        norm_weights const by_cross = norm_weights_at<Config>(block, place.cross_norm, place.cross_norm_bias);
        cross_type::forward(self, s, mine.cross, layer, block, normed_rows<Config>(self, s, by_cross));
      }
      ffn_type::forward(self, s, block, normed_rows<Config>(self, s, by_ffn));
    } else {
      attention_type::forward(self, s, mine.attention, layer, block, {s.x, stride});
      normalize_stream<Config>(self, s, by_attention);
      if constexpr (has_encoder(Config)) {
        cross_type::forward(self, s, mine.cross, layer, block, {s.x, stride});
        normalize_stream<Config>(self, s, norm_weights_at<Config>(block, place.cross_norm, place.cross_norm_bias));
      }
      ffn_type::forward(self, s, block, {s.x, stride});
      normalize_stream<Config>(self, s, by_ffn);
    }
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

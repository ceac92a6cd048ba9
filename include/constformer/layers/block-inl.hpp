// One block over a stage.
#if defined(CONSTFORMER_LAYERS_BLOCK_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_BLOCK_INL_HPP
#undef CONSTFORMER_LAYERS_BLOCK_INL_HPP
#else
#define CONSTFORMER_LAYERS_BLOCK_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/layers/attention-inl.hpp"
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
  using ffn_type = ffn_layer<Config>;

 public:
  /// pre: x += attention(norm(x)); x += ffn(norm(x)). post: x = norm(x + attention(x)); x = norm(x + ffn(x)).
  static HWY_NOINLINE void forward(worker const& self, stage const& s, typename attention_type::scratch& mine,
                                   int layer) {
    std::byte const* const block = s.weights + packed_layout_of(Config).blocks + layer * place.bytes;
    norm_weights const by_attention = norm_weights_at<Config>(block, place.attention_norm, place.attention_norm_bias);
    norm_weights const by_ffn = norm_weights_at<Config>(block, place.ffn_norm, place.ffn_norm_bias);
    if constexpr (Config.place == norm_place::pre) {
      attention_type::forward(self, s, mine, layer, block, normed_rows<Config>(self, s, by_attention));
      ffn_type::forward(self, s, block, normed_rows<Config>(self, s, by_ffn));
    } else {
      attention_type::forward(self, s, mine, layer, block, {s.x, stride});
      normalize_stream<Config>(self, s, by_attention);
      ffn_type::forward(self, s, block, {s.x, stride});
      normalize_stream<Config>(self, s, by_ffn);
    }
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

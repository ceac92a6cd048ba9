#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/core/members.hpp"
#include "constformer/layers/attention.hpp"
#include "constformer/layers/ffn.hpp"
#include "constformer/layers/norm.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// One layer of the stack: attention, in the decoder of an encoder-decoder model cross-attention, and feed-forward,
/// each with its norm before or after it, as the config says.
template <config const& Config>
struct block {
  /// Before each half (pre, sandwich) or after its residual addition (post).
  using norm_type = norm_layer<Config.d_model, Config.norm_bias, Config.norm_weight>;
  /// On what each half adds to the stream (sandwich), or absent.
  using out_norm_type = member_if<Config.place == norm_place::sandwich, norm_type>;
  /// The half that looks at other tokens.
  using attention_type = constformer::attention<attention_shape_of(Config)>;
  /// The part that looks at the source: keys and values are of the encoder's output, as wide as the decoder's stream.
  using cross_type = member_if<has_encoder(Config), attention_type>;
  /// Before or after it.
  using cross_norm_type = member_if<has_encoder(Config), norm_type>;
  /// The half that looks at each token alone.
  using ffn_type = constformer::ffn<ffn_shape_of(Config)>;
  BOOST_HANA_DEFINE_STRUCT(block, (norm_type, attention_norm), (attention_type, attention),
                           (out_norm_type, attention_out_norm), (cross_norm_type, cross_norm), (cross_type, cross),
                           (norm_type, ffn_norm), (ffn_type, ffn), (out_norm_type, ffn_out_norm));
};

}  // namespace constformer

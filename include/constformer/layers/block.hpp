#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/adapter_options.hpp"
#include "constformer/layers/attention.hpp"
#include "constformer/layers/ffn.hpp"
#include "constformer/layers/norm.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// What a block sees besides its stream.
template <class Change = same_values>
struct block_surroundings {
  value const* source = nullptr;  ///< the encoder's output, in decoders that look at one
  value const* biases = nullptr;  ///< the table of biases by distance, if positions are relative
  Change change_values{};         ///< as `attention::mix` calls it
};

/// One layer of the stack: attention, in the decoder of an encoder-decoder model cross-attention, and feed-forward,
/// each with its norm before or after it, as the config says. `Adapters` stand beside its linear layers.
template <config const& Config, adapter_options Adapters = adapter_options{}>
struct block {
  /// Before each half (pre, sandwich) or after its residual addition (post).
  using norm_type = norm_layer<Config.d_model, Config.norm_bias, Config.norm_weight>;
  /// On what each half adds to the stream (sandwich), or absent.
  using out_norm_type = member_if<Config.place == norm_place::sandwich, norm_type>;
  /// The half that looks at other tokens.
  using attention_type = constformer::attention<attention_shape_of(Config, Adapters)>;
  /// The part that looks at the source: keys and values are of the encoder's output, as wide as the decoder's stream.
  using cross_type =
      member_if<has_encoder(Config), constformer::attention<attention_shape_of(Config, separate(Adapters))>>;
  /// Before or after it.
  using cross_norm_type = member_if<has_encoder(Config), norm_type>;
  /// The half that looks at each token alone.
  using ffn_type = constformer::ffn<ffn_shape_of(Config, Adapters)>;
  BOOST_HANA_DEFINE_STRUCT(block, (norm_type, attention_norm), (attention_type, attention),
                           (out_norm_type, attention_out_norm), (cross_norm_type, cross_norm), (cross_type, cross),
                           (norm_type, ffn_norm), (ffn_type, ffn), (out_norm_type, ffn_out_norm));

  /// x (rows, d_model) to the same.
  template <class Change = same_values>
  constexpr value operator()(value x, block_surroundings<Change> const& beside = {}) const {
    auto const attend = [&](value h) {
      return drop(attention.mix(h, h, attention_form_of(Config), beside.biases, beside.change_values));
    };
    auto const expand = [&](value h) { return drop(ffn(h, Config.activation)); };
    if constexpr (Config.parallel) return x + attend(normed(attention_norm, x)) + expand(normed(ffn_norm, x));
    x = half(x, attention_norm, attention_out_norm, attend);
    if constexpr (has_encoder(Config))
      x = half(x, cross_norm, attention_out_norm, [&](value h) {
        return drop(cross.mix(h, *beside.source, cross_form_of(Config), nullptr, same_values{}));
      });
    return half(x, ffn_norm, ffn_out_norm, expand);
  }

 private:
  static constexpr value normed(norm_type const& norm, value x) { return norm(x, Config.norm, Config.norm_eps); }

  // f on the stream and back to it, with norms where the config has them.
  template <class Half>
  static constexpr value half(value x, norm_type const& norm, [[maybe_unused]] out_norm_type const& out_norm,
                              Half const& f) {
    if constexpr (Config.place == norm_place::post) return normed(norm, x + f(x));
    value const h = normed(norm, x);
    if constexpr (Config.place == norm_place::deep) return scale(h, Config.residual_scale) + f(h);
    if constexpr (Config.place == norm_place::sandwich) return x + normed(out_norm, f(h));
    return x + f(h);
  }
};

}  // namespace constformer

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

namespace detail {

// Those of the encoder, as it sees them itself.
constexpr weight_types encoder_types(weight_types const& all) {
  weight_types out;
  for (int i = 0; i < all.count; ++i) {
    if (!all.list[i].encoder) continue;
    out.list[out.count] = all.list[i];
    out.list[out.count++].encoder = false;
  }
  return out;
}

}  // namespace detail

/// Whether `c` is an encoder-decoder model.
[[nodiscard]] constexpr bool has_encoder(config const& c) { return c.encoder.layers > 0; }

/// Ids that a source may have.
[[nodiscard]] constexpr int source_vocab(config const& c) { return c.encoder.vocab > 0 ? c.encoder.vocab : c.vocab; }

/// The encoder of `c` as a config of its own: bidirectional, without a head.
[[nodiscard]] constexpr config encoder_of(config const& c) {
  config e = c;
  e.layers = c.encoder.layers;
  e.heads = e.kv_heads = c.encoder.heads;
  e.head_dim = c.encoder.head_dim;
  e.d_ff = c.encoder.d_ff;
  e.vocab = source_vocab(c);
  e.mask = mask_kind::bidirectional;
  e.window = 0;
  e.zero_start = false;
  e.head = head_kind::none;
  e.tied = e.bias_head = false;
  e.logit_scale = 1.0F;
  e.encoder = {};
  e.shared_tokens = c.encoder.vocab == 0;
  e.types = detail::encoder_types(c.types);
  e.kv_dtype = dtype::f32;  // it keeps nothing
  return e;
}

/// The same as an object that can be a template argument.
template <config const& Config>
inline constexpr config encoder_part = encoder_of(Config);

/// Whether positions are a fixed table that is added to the embeddings.
[[nodiscard]] constexpr bool is_sinusoid(position_kind kind) {
  return kind == position_kind::sinusoid || kind == position_kind::sinusoid_halves ||
         kind == position_kind::sinusoid_opennmt || kind == position_kind::sinusoid_lecture;
}

}  // namespace constformer

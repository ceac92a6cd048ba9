// Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434): keys and values of all heads come from one narrow latent
// of the token; positions are in a part of their own, which all heads share.
#pragma once

#include "parts.hpp"

namespace research {

inline constexpr axis_name latent{"latent"};

struct latent_attention {
  static constexpr int narrow = 32, rotary = 12;
  using query_type = linear<heads * head_dim, width>;
  using query_rotary_type = linear<heads * rotary, width>;
  using latent_type = linear<narrow, width, false, latent>;
  using from_latent = linear<heads * head_dim, narrow, false, axes::channels, latent>;
  using key_rotary_type = linear<rotary, width>;
  using norm_type = rms_norm<narrow>;
  using output_type = linear<width, heads * head_dim>;
  BOOST_HANA_DEFINE_STRUCT(latent_attention, (query_type, query), (query_rotary_type, query_rotary),
                           (latent_type, down), (norm_type, latent_norm), (from_latent, up_key),
                           (from_latent, up_value), (key_rotary_type, key_rotary), (output_type, output));

  constexpr value operator()(value h) const {
    value const c = latent_norm(down(h));  // what a cache would keep, beside `turned`
    value const turned = rope(split_heads(key_rotary(h), 1, rotary, axes::kv_heads));
    value const shared =
        spread(reshape(turned, call::current(), axis{axes::head_dim, rotary}), axis{axes::kv_heads, heads});
    value const k = concatenate(split_heads(up_key(c), heads, head_dim, axes::kv_heads), shared);
    value const q =
        concatenate(split_heads(query(h), heads, head_dim), rope(split_heads(query_rotary(h), heads, rotary)));
    return output(attend(q, k, split_heads(up_value(c), heads, head_dim, axes::kv_heads)));
  }
};

struct latent_block {
  using norm_type = rms_norm<width>;
  BOOST_HANA_DEFINE_STRUCT(latent_block, (norm_type, attention_norm), (latent_attention, attention),
                           (norm_type, ffn_norm), (feed_forward, ffn));

  constexpr value operator()(value x) const {
    x = x + attention(attention_norm(x));
    return x + ffn(ffn_norm(x));
  }
};

using model = byte_model<latent_block>;

}  // namespace research

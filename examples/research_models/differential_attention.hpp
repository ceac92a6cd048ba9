// Differential attention (arXiv:2410.05258): what one attention map gives, less λ times what a second one gives. λ is
// learned: exp(q₁·k₁) − exp(q₂·k₂) + λ₀, with λ₀ = 0.8 − 0.6·exp(−0.3·layer).
#pragma once

#include "parts.hpp"

namespace research {

struct differential_attention {
  static constexpr int half = head_dim / 2;
  using projection = linear<width, width>;
  using vector_type = parameter<parameter_role::bias, half>;
  using norm_type = rms_norm<head_dim>;
  BOOST_HANA_DEFINE_STRUCT(differential_attention, (projection, query), (projection, key), (projection, val),
                           (vector_type, lambda_q1), (vector_type, lambda_k1), (vector_type, lambda_q2),
                           (vector_type, lambda_k2), (norm_type, head_norm), (projection, output));

  constexpr value operator()(value h) const {
    value const mixed = part(h, 0) - gain(part(h, 1), lambda(h), 0);
    return output(gain(head_norm(mixed), constant_by_layer(h, {0.8F, 0.645F, 0.529F}), 0));  // 1 − λ₀
  }

 private:
  constexpr value lambda(value h) const {
    return dot(lambda_q1, lambda_k1, h) - dot(lambda_q2, lambda_k2, h) + constant_by_layer(h, {0.2F, 0.355F, 0.471F});
  }
  static constexpr value dot(vector_type const& q, vector_type const& k, value h) {
    auto const here = call::current();
    value const product = reshape(q.row(h) * k.row(h), here, axis{axes::heads, 1}, axis{axes::head_dim, half});
    return exponential(reshape(sum(product), here));
  }
  // Half of each head's queries and keys, over values of whole heads.
  constexpr value part(value h, int index) const {
    value const q = split_heads(slice(query(h), index * heads * half, heads * half), heads, half);
    value const k = split_heads(slice(key(h), index * heads * half, heads * half), heads, half, axes::kv_heads);
    return attend(rope(q), rope(k), split_heads(val(h), heads, head_dim, axes::kv_heads));
  }
};

struct differential_block {
  using norm_type = rms_norm<width>;
  BOOST_HANA_DEFINE_STRUCT(differential_block, (norm_type, attention_norm), (differential_attention, attention),
                           (norm_type, ffn_norm), (feed_forward, ffn));

  constexpr value operator()(value x) const {
    x = x + attention(attention_norm(x));
    return x + ffn(ffn_norm(x));
  }
};

using model = byte_model<differential_block>;

}  // namespace research

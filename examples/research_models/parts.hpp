// What the four models have in common: letters as bytes, a GPT around a block of one's own.
#pragma once

#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/expert_linear.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/rms_norm.hpp"
#include "constformer/layers/trace.hpp"

namespace research {

using namespace constformer;  // value, linear, rms_norm, …: what a forward pass is written with

inline constexpr int width = 96, heads = 4, head_dim = 24, bytes = 256, depth = 3;

/// A language model of bytes: embedding, `depth` blocks, a norm and a tied head.
template <class Block>
struct byte_model {
  using table_type = embedding<bytes, width>;
  using blocks_type = repeated<Block, depth>;
  using norm_type = rms_norm<width>;
  BOOST_HANA_DEFINE_STRUCT(byte_model, (table_type, tokens), (blocks_type, blocks), (norm_type, final_norm));

  constexpr value operator()(value ids) const { return tied_logits(final_norm(blocks(tokens(ids))), tokens); }
};

/// Causal attention with rotary positions.
struct plain_attention {
  using projection = linear<width, width>;
  BOOST_HANA_DEFINE_STRUCT(plain_attention, (projection, query), (projection, key), (projection, val),
                           (projection, output));

  constexpr value operator()(value h) const {
    value const q = rope(split_heads(query(h), heads, head_dim));
    value const k = rope(split_heads(key(h), heads, head_dim, axes::kv_heads));
    return output(attend(q, k, split_heads(val(h), heads, head_dim, axes::kv_heads)));
  }
};

/// down(silu(gate(h))·up(h)) (SwiGLU, arXiv:2002.05202).
struct feed_forward {
  using wide_type = linear<4 * width, width>;
  using narrow_type = linear<width, 4 * width>;
  BOOST_HANA_DEFINE_STRUCT(feed_forward, (wide_type, gate), (wide_type, up), (narrow_type, down));

  constexpr value operator()(value h) const { return down(silu(gate(h)) * up(h)); }
};

}  // namespace research

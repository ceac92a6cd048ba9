// Models that the tests of graphs trace.
#pragma once

#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/graph/trace.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/layer_norm.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/rms_norm.hpp"

namespace traced_models {

using namespace constformer;

inline constexpr int width = 24, heads = 4, kv_heads = 2, head_dim = 6, vocab = 37, positions = 150;

/// Grouped attention with rotary positions, a window, an adapter and a gated feed-forward layer.
template <int Window>
struct llama_block {
  using query_type = linear<heads * head_dim, width>;
  using key_value_type = linear<kv_heads * head_dim, width>;
  using down_type = linear<8, width, true>;
  using up_type = linear<width, 8, true>;
  using wide_type = linear<40, width>;
  using narrow_type = linear<width, 40>;
  BOOST_HANA_DEFINE_STRUCT(llama_block, (rms_norm<width>, attention_norm), (query_type, query), (key_value_type, key),
                           (key_value_type, val), (rms_norm<head_dim>, query_norm), (query_type, output), (down_type, down), (up_type, up),
                           (rms_norm<width>, ffn_norm), (wide_type, gate), (wide_type, wide), (narrow_type, narrow));

  constexpr value operator()(value x) const {
    value const h = attention_norm(x);
    value const q = rope(query_norm(split_heads(query(h), heads, head_dim)));
    value const k = rope(split_heads(key(h), kv_heads, head_dim, axes::kv_heads));
    value const v = split_heads(val(h), kv_heads, head_dim, axes::kv_heads);
    x = x + output(attend(q, k, v, {.window = Window}));
    x = x + up(gelu(down(x)));
    value const f = ffn_norm(x);
    return x + narrow(silu(gate(f)) * wide(f));
  }
};

/// A language model of `Layers` such blocks, with a head of its own or tied, positions learned besides.
template <int Layers, bool Tied, int Window = 0>
struct language_model {
  using token_table = embedding<vocab, width>;
  using position_table = embedding<positions, width>;
  using blocks_type = repeated<llama_block<Window>, Layers>;
  using head_type = member_if<!Tied, linear<vocab, width, true>>;
  BOOST_HANA_DEFINE_STRUCT(language_model, (token_table, tokens), (position_table, places), (blocks_type, blocks),
                           (layer_norm<width>, final_norm), (head_type, head));

  constexpr value operator()(value ids) const {
    value const x = final_norm(blocks(tokens(ids) + places(positions_of(ids))));
    if constexpr (Tied)
      return tied_logits(x, tokens);
    else
      return head(x);
  }
};

}  // namespace traced_models

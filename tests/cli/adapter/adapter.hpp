// A model of one's own: a window over shared keys, an adapter, and a look at the token before.
#pragma once

#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/rms_norm.hpp"
#include "constformer/layers/trace.hpp"

namespace my {

using constformer::value;
inline constexpr int width = 16, heads = 2, head_dim = 8, letters = 27;

struct block {
  using norm_type = constformer::rms_norm<width>;
  using query_type = constformer::linear<heads * head_dim, width>;
  using shared_type = constformer::linear<head_dim, width>;
  using down_type = constformer::linear<4, width, true>;
  using up_type = constformer::linear<width, 4>;
  BOOST_HANA_DEFINE_STRUCT(block, (norm_type, norm), (query_type, query), (shared_type, key), (shared_type, val),
                           (query_type, output), (down_type, down), (up_type, up));

  constexpr value operator()(value x) const {
    value const h = norm(x);
    value const q = rope(split_heads(query(h), heads, head_dim));
    value const k = rope(split_heads(key(h), 1, head_dim, constformer::axes::kv_heads));
    value const v = split_heads(val(h), 1, head_dim, constformer::axes::kv_heads);
    x = x + output(attend(q, k, v, {.window = 5}));
    return x + up(silu(down(x + shift(x))));
  }
};

template <int Layers>
struct model {
  using table_type = constformer::embedding<letters, width>;
  using blocks_type = constformer::repeated<block, Layers>;
  using norm_type = constformer::rms_norm<width>;
  BOOST_HANA_DEFINE_STRUCT(model, (table_type, tokens), (blocks_type, blocks), (norm_type, norm));

  constexpr value operator()(value ids) const { return tied_logits(norm(blocks(tokens(ids))), tokens); }
};

}  // namespace my

using adapter = my::model<3>;

// Models that drop values while they learn.
#pragma once

#include "constformer/core/members.hpp"
#include "constformer/graph/attend_options.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/rms_norm.hpp"
#include "constformer/layers/trace.hpp"

namespace dropping {

using constformer::value;
inline constexpr int vocab = 11, width = 20;
inline constexpr float p = 0.3F;

/// A table, dropout, and a head: small enough to be worked out by hand.
struct shallow {
  using table_type = constformer::embedding<vocab, width>;
  using head_type = constformer::linear<vocab, width>;
  BOOST_HANA_DEFINE_STRUCT(shallow, (table_type, tokens), (head_type, head));
  constexpr value operator()(value ids) const { return head(dropout(tokens(ids), p)); }
};

/// Drops twice in each of three layers.
struct block {
  using norm_type = constformer::rms_norm<width>;
  using wide_type = constformer::linear<32, width, true>;
  using narrow_type = constformer::linear<width, 32>;
  BOOST_HANA_DEFINE_STRUCT(block, (norm_type, norm), (wide_type, wide), (narrow_type, narrow));
  constexpr value operator()(value x) const { return x + dropout(narrow(dropout(silu(wide(norm(x))), 0.5F)), 0.2F); }
};
struct deep {
  using table_type = constformer::embedding<vocab, width>;
  using blocks_type = constformer::repeated<block, 3>;
  using norm_type = constformer::rms_norm<width>;
  using head_type = constformer::linear<vocab, width>;
  BOOST_HANA_DEFINE_STRUCT(deep, (table_type, tokens), (blocks_type, blocks), (norm_type, norm), (head_type, head));
  constexpr value operator()(value ids) const { return head(norm(blocks(dropout(tokens(ids), 0.1F)))); }
};

/// Attention of four heads over two of keys that drops, and a second one that also caps and has a window.
struct looking_block {
  using square_type = constformer::linear<16, width>;
  using narrow_type = constformer::linear<8, width>;
  using back_type = constformer::linear<width, 16>;
  using norm_type = constformer::rms_norm<width>;
  BOOST_HANA_DEFINE_STRUCT(looking_block, (norm_type, norm), (norm_type, norm_2), (square_type, query),
                           (narrow_type, key), (narrow_type, val), (back_type, back), (square_type, query_2),
                           (narrow_type, key_2), (narrow_type, val_2), (back_type, back_2));
  constexpr value operator()(value x) const {
    value h = norm(x);
    x = x + back(look(query(h), key(h), val(h), {.dropout = p}));
    h = norm_2(x);
    return x + back_2(look(query_2(h), key_2(h), val_2(h), {.window = 3, .softcap = 2.0F, .dropout = 0.1F}));
  }
  static constexpr value look(value q, value k, value v, constformer::attend_options const& options) {
    return attend(split_heads(q, 4, 4), split_heads(k, 2, 4, constformer::axes::kv_heads),
                  split_heads(v, 2, 4, constformer::axes::kv_heads), options);
  }
};
/// One attention alone: make_dropped_attention.py has the same in torch.
struct looking_once {
  using table_type = constformer::embedding<vocab, width>;
  using square_type = constformer::linear<16, width>;
  using narrow_type = constformer::linear<8, width>;
  using back_type = constformer::linear<width, 16>;
  using head_type = constformer::linear<vocab, width>;
  BOOST_HANA_DEFINE_STRUCT(looking_once, (table_type, tokens), (square_type, query), (narrow_type, key),
                           (narrow_type, val), (back_type, back), (head_type, head));
  constexpr value operator()(value ids) const {
    value const x = tokens(ids);
    return head(x + back(looking_block::look(query(x), key(x), val(x), {.dropout = p})));
  }
};
struct looking {
  using table_type = constformer::embedding<vocab, width>;
  using blocks_type = constformer::repeated<looking_block, 2>;
  using norm_type = constformer::rms_norm<width>;
  using head_type = constformer::linear<vocab, width>;
  BOOST_HANA_DEFINE_STRUCT(looking, (table_type, tokens), (blocks_type, blocks), (norm_type, norm), (head_type, head));
  constexpr value operator()(value ids) const { return head(norm(blocks(tokens(ids)))); }
};

}  // namespace dropping

// A model that no config describes: no norm at its end, a feed-forward layer of one matrix.
#pragma once

#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/rms_norm.hpp"
#include "constformer/layers/trace.hpp"

struct own_block {
  using norm_type = constformer::rms_norm<32>;
  using mix_type = constformer::linear<32, 32>;
  BOOST_HANA_DEFINE_STRUCT(own_block, (norm_type, norm), (mix_type, query), (mix_type, key), (mix_type, val),
                           (mix_type, output), (mix_type, up));
  constexpr constformer::value operator()(constformer::value x) const {
    auto const h = norm(x);
    auto const q = rope(split_heads(query(h), 2, 16));
    auto const k = rope(split_heads(key(h), 2, 16, constformer::axes::kv_heads));
    auto const v = split_heads(val(h), 2, 16, constformer::axes::kv_heads);
    x = x + output(attend(q, k, v));
    return x + up(silu(x));
  }
};

struct own_model {
  using table_type = constformer::embedding<58, 32>;
  using blocks_type = constformer::repeated<own_block, 2>;
  BOOST_HANA_DEFINE_STRUCT(own_model, (table_type, tokens), (blocks_type, blocks));
  constexpr constformer::value operator()(constformer::value ids) const {
    return tied_logits(blocks(tokens(ids)), tokens);
  }
};

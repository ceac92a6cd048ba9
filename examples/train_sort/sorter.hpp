// A GPT that sorts letters (85,584 parameters), as a forward pass over layers of the library: the model of models/sort.
#pragma once

#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/trace.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/layer_norm.hpp"
#include "constformer/layers/linear.hpp"

inline constexpr int letters = 3, sorted_length = 6, channels = 48, heads = 3;

struct mlp {
  using wide = constformer::linear<4 * channels, channels, true>;
  using narrow = constformer::linear<channels, 4 * channels, true>;
  BOOST_HANA_DEFINE_STRUCT(mlp, (wide, c_fc), (narrow, c_proj));

  constexpr constformer::value operator()(constformer::value x) const { return c_proj(gelu_tanh(c_fc(x))); }
};

struct self_attention {
  using projection = constformer::linear<channels, channels, true>;
  BOOST_HANA_DEFINE_STRUCT(self_attention, (projection, query), (projection, key), (projection, val),
                           (projection, c_proj));

  constexpr constformer::value operator()(constformer::value x) const {
    auto const q = split_heads(query(x), heads, channels / heads);
    auto const k = split_heads(key(x), heads, channels / heads, constformer::axes::kv_heads);
    auto const v = split_heads(val(x), heads, channels / heads, constformer::axes::kv_heads);
    return c_proj(attend(q, k, v));
  }
};

struct gpt_block {
  using layer_norm = constformer::layer_norm<channels>;
  BOOST_HANA_DEFINE_STRUCT(gpt_block, (layer_norm, ln_1), (self_attention, attn), (layer_norm, ln_2),
                           (mlp, feed_forward));

  constexpr constformer::value operator()(constformer::value x) const {
    x = x + attn(ln_1(x));
    return x + feed_forward(ln_2(x));
  }
};

struct sorter {
  using letter_table = constformer::embedding<letters, channels>;
  using place_table = constformer::embedding<2 * sorted_length - 1, channels>;
  using blocks = constformer::repeated<gpt_block, 3>;
  BOOST_HANA_DEFINE_STRUCT(sorter, (letter_table, wte), (place_table, wpe), (blocks, h),
                           (constformer::layer_norm<channels>, ln_f));

  constexpr constformer::value operator()(constformer::value ids) const {
    return tied_logits(ln_f(h(wte(ids) + wpe(positions_of(ids)))), wte);  // the head is the table of letters
  }
};

static_assert(constformer::count_parameters<sorter>() == 85'584);

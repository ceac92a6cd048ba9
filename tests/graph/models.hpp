// Models that the tests of graphs trace.
#pragma once

#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/trace.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/expert_linear.hpp"
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
                           (key_value_type, val), (rms_norm<head_dim>, query_norm), (query_type, output),
                           (down_type, down), (up_type, up), (rms_norm<width>, ffn_norm), (wide_type, gate),
                           (wide_type, wide), (narrow_type, narrow));

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

/// A block of what research tries: differential attention (arXiv:2410.05258) whose keys are partly shared by all heads
/// (as in arXiv:2405.04434), and a mixture of experts of which two count.
struct workshop_block {
  static constexpr int wide_dim = 10, experts = 4, expert_width = 5;
  using query_type = linear<2 * heads * head_dim, width>;
  using key_type = linear<2 * kv_heads*(head_dim - 2), width>;
  using shared_key_type = linear<2, width>;
  using value_type = linear<kv_heads * wide_dim, width>;
  using output_type = linear<width, heads * wide_dim>;
  using router_type = linear<experts, width, false, axes::experts>;
  using wide_type = linear<experts * expert_width, width, true>;
  using narrow_type = linear<width, experts * expert_width>;
  using vector_type = parameter<parameter_role::bias, head_dim>;
  BOOST_HANA_DEFINE_STRUCT(workshop_block, (vector_type, first), (vector_type, second),
                           (rms_norm<width>, attention_norm), (query_type, query), (key_type, key),
                           (shared_key_type, shared_key), (value_type, val), (layer_norm<wide_dim>, head_norm),
                           (output_type, output), (rms_norm<width>, ffn_norm), (router_type, router), (wide_type, wide),
                           (narrow_type, narrow));

  constexpr value operator()(value x) const {
    value const h = attention_norm(x);
    value const a = first.row(x), b = second.row(x);
    value const less =
        tanh(reshape(sum(reshape(a * b, call::current(), axis{axes::heads, 1}, axis{axes::head_dim, head_dim})),
                     call::current())) +
        constant_by_layer(x, {0.4F, 0.3F});
    x = x + output(head_norm(attend_part(h, 0) - gain(attend_part(h, 1), less, 0)));
    value const f = ffn_norm(x);
    value const share = softmax(keep_top(router(f), 2));
    value const inner =
        reshape(relu2(wide(f)), call::current(), axis{axes::experts, experts}, axis{axes::channels, expert_width});
    value const mixed = swap_axes(swap_axes(inner * share));
    return x + narrow(mixed) + scale(x, 0.1F) +
           narrow(reshape(spread(mean(mixed), axis{axes::channels, expert_width}), call::current(),
                          axis{axes::channels, experts * expert_width}));
  }

  constexpr value attend_part(value h, int part) const {
    value const q = split_heads(slice(query(h), part * heads * head_dim, heads * head_dim), heads, head_dim);
    value const own = split_heads(slice(key(h), part * kv_heads * (head_dim - 2), kv_heads * (head_dim - 2)), kv_heads,
                                  head_dim - 2, axes::kv_heads);
    value const shared =
        spread(reshape(shared_key(h), call::current(), axis{axes::head_dim, 2}), axis{axes::kv_heads, kv_heads});
    value const v = split_heads(val(h), kv_heads, wide_dim, axes::kv_heads);
    return attend(q, concatenate(own, rope(shared)), v);
  }
};

/// A language model of two of them.
struct workshop_model {
  using token_table = embedding<vocab, width>;
  using blocks_type = repeated<workshop_block, 2>;
  using head_type = linear<vocab, width, true>;
  BOOST_HANA_DEFINE_STRUCT(workshop_model, (token_table, tokens), (blocks_type, blocks), (rms_norm<width>, final_norm),
                           (head_type, head));

  constexpr value operator()(value ids) const { return head(final_norm(blocks(tokens(ids)))); }
};

/// A feed-forward layer of four experts, of which each token uses the two that its router likes best, and a function of
/// the user's own.
struct routed_block {
  static constexpr int experts = 4, inner = 10;
  using router_type = linear<experts, width, true, axes::experts>;
  using up_type = expert_linear<experts, inner, width>;
  using down_type = expert_linear<experts, width, inner>;
  BOOST_HANA_DEFINE_STRUCT(routed_block, (rms_norm<width>, norm), (router_type, router), (up_type, up),
                           (down_type, down));

  constexpr value operator()(value x) const {
    value const h = norm(x);
    value const scores = router(h);
    value const chosen = top_indices(scores, 2);
    value const share = softmax(take(scores, chosen));
    value const mixed =
        down(pointwise(up(h, chosen), [](float v) { return v * v * 0.5F + v; }, [](float v) { return v + 1; }), chosen);
    return x + sum_outer(mixed * share);
  }
};

/// A language model whose layers all see what entered the first one, and whose middle one is taken from the last.
struct looking_back_model {
  using token_table = embedding<vocab, width>;
  using blocks_type = repeated<routed_block, 4>;
  using gains_type = parameter<parameter_role::scale, 4>;
  BOOST_HANA_DEFINE_STRUCT(looking_back_model, (token_table, tokens), (blocks_type, blocks), (gains_type, kept),
                           (gains_type, added), (rms_norm<width>, final_norm));
  constexpr value operator()(value ids) const {
    value const first = tokens(ids) + shift(tokens(ids));
    layer_set half;
    half.add(1);
    auto const [last, middle] = repeat(carried_values<2>{first, scale(first, 0.0F)}, 4, [&](carried_values<2> in) {
      value const y =
          blocks.each(gain(in[0], kept.in(first, call::current())) + gain(first, added.in(first, call::current())));
      return carried_values<2>{y, in[1] + in_layers(y.owner(), half, [&] { return softcap(y, 3.0F); })};
    });
    return tied_logits(final_norm(last - scale(middle, 0.3F)), tokens);
  }
};

/// A language model of them.
struct routed_model {
  using token_table = embedding<vocab, width>;
  using blocks_type = repeated<routed_block, 3>;
  BOOST_HANA_DEFINE_STRUCT(routed_model, (token_table, tokens), (blocks_type, blocks), (rms_norm<width>, final_norm));
  constexpr value operator()(value ids) const { return tied_logits(final_norm(blocks(tokens(ids))), tokens); }
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

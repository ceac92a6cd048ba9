// Four experts instead of one feed-forward layer; each token uses the two that its router likes best
// (arXiv:1701.06538).
#pragma once

#include "parts.hpp"

namespace research {

struct mixture {
  static constexpr int experts = 4, chosen = 2, inner = 2 * width;
  using router_type = linear<experts, width, false, axes::experts>;
  using up_type = expert_linear<experts, inner, width>;
  using down_type = expert_linear<experts, width, inner>;
  BOOST_HANA_DEFINE_STRUCT(mixture, (router_type, router), (up_type, gate), (up_type, up), (down_type, down));

  constexpr value operator()(value h) const {
    value const scores = router(h);
    value const best = top_indices(scores, chosen);   // (tokens, 2): which experts
    value const share = softmax(take(scores, best));  // and how much of each
    value const each = down(silu(gate(h, best)) * up(h, best), best);
    return sum_outer(each * share);
  }
};

struct mixture_block {
  using norm_type = rms_norm<width>;
  BOOST_HANA_DEFINE_STRUCT(mixture_block, (norm_type, attention_norm), (plain_attention, attention),
                           (norm_type, ffn_norm), (mixture, experts));

  constexpr value operator()(value x) const {
    x = x + attention(attention_norm(x));
    return x + experts(ffn_norm(x));
  }
};

using model = byte_model<mixture_block>;

}  // namespace research

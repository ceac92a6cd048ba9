// A block with a bottleneck after its attention: an adapter (arXiv:1902.00751).
#pragma once

#include "parts.hpp"

namespace research {

inline constexpr axis_name bottleneck{"bottleneck"};

struct adapter {
  static constexpr int narrow = 12;
  using down_type = linear<narrow, width, true, bottleneck>;
  using up_type = linear<width, narrow, true, axes::channels, bottleneck>;  // takes the bottleneck and nothing else
  BOOST_HANA_DEFINE_STRUCT(adapter, (down_type, down), (up_type, up));

  constexpr value operator()(value x) const { return x + up(gelu(down(x))); }
};

struct adapter_block {
  using norm_type = rms_norm<width>;
  BOOST_HANA_DEFINE_STRUCT(adapter_block, (norm_type, attention_norm), (plain_attention, attention), (adapter, beside),
                           (norm_type, ffn_norm), (feed_forward, ffn));

  constexpr value operator()(value x) const {
    x = beside(x + attention(attention_norm(x)));
    return x + ffn(ffn_norm(x));
  }
};

using model = byte_model<adapter_block>;

}  // namespace research

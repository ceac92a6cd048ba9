#pragma once

#include "constformer/core/check.hpp"
#include "constformer/core/members.hpp"
#include "constformer/layers/attention.hpp"
#include "constformer/layers/ffn.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/norm.hpp"
#include "constformer/layers/parameter.hpp"

/// A bottleneck that is trained while the rest of the block stays frozen (Houlsby et al. 2019, arXiv:1902.00751):
/// x (T, d_model) -> down (T, bottleneck) -> up (T, d_model), added to x.
template <int DModel, int Bottleneck>
struct adapter {
  static_assert(constformer::check<(Bottleneck < DModel), "adapter: bottleneck={} is not below d_model={}", Bottleneck,
                                   DModel>::value);
  using down_type = constformer::linear<Bottleneck, DModel, true>;
  using up_type = constformer::linear<DModel, Bottleneck, true>;
  static_assert(constformer::chained<down_type, up_type>::value);
  BOOST_HANA_DEFINE_STRUCT(adapter, (down_type, down), (up_type, up));
};

/// A block whose attention and feed-forward layer read the same norm side by side, as in GPT-J, with an adapter behind
/// them.
template <int DModel, int Heads, int KvHeads, int FeedForward, int Bottleneck>
struct adapted_block {
  static_assert(constformer::check<(DModel % Heads == 0), "adapted_block: d_model={} is not a multiple of heads={}",
                                   DModel, Heads>::value);
  using norm_type = constformer::norm_layer<DModel, true>;
  using attention_type = constformer::attention<constformer::attention_shape{.d_model = DModel,
                                                                             .heads = Heads,
                                                                             .kv_heads = KvHeads,
                                                                             .head_dim = DModel / Heads,
                                                                             .bias_qkv = false,
                                                                             .bias_output = false}>;
  using ffn_type =
      constformer::ffn<constformer::ffn_shape{.d_model = DModel, .d_ff = FeedForward, .gated = true, .bias = false}>;
  using adapter_type = ::adapter<DModel, Bottleneck>;
  static_assert(constformer::chained<typename attention_type::output_type, typename adapter_type::down_type>::value);
  static_assert(constformer::chained<typename ffn_type::down_type, typename adapter_type::down_type>::value);
  BOOST_HANA_DEFINE_STRUCT(adapted_block, (norm_type, norm), (attention_type, attention), (ffn_type, ffn),
                           (adapter_type, adapter));
};

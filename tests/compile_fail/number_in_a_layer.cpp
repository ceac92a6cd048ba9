// expect: mine: a member is float, which is neither a parameter nor a layer
#include "constformer/core/members.hpp"
#include "constformer/layers/attention.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/ffn.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/norm.hpp"
#include "constformer/layers/parameter.hpp"
#include "constformer/layers/parameter_table.hpp"

using namespace constformer;

#ifdef CF_TWIN
using gain_type = parameter<parameter_role::scale, 16>;
#else
using gain_type = float;
#endif

// Members have the names of layers, and the namespace is open.
struct mine {
  using tokens_type = embedding_layer<96, 16>;
  using norm_type = norm_layer<16, true>;
  using attention_type = attention_layer<attention_shape{
      .d_model = 16, .heads = 2, .kv_heads = 1, .head_dim = 8, .bias_qkv = false, .bias_output = false}>;
  using ffn_type = ffn_layer<ffn_shape{.d_model = 16, .d_ff = 32, .gated = true, .bias = false}>;
  using linear_type = linear_layer<4, 16, true>;
  static_assert(chained<tokens_type, norm_type>::value && chained<norm_type, attention_type>::value &&
                chained<attention_type, ffn_type>::value && chained<ffn_type, linear_type>::value);
  BOOST_HANA_DEFINE_STRUCT(mine, (tokens_type, embedding), (norm_type, norm), (attention_type, attention),
                           (ffn_type, ffn), (linear_type, linear), (gain_type, gain));
};

static_assert(count_parameters<mine>() > 0);

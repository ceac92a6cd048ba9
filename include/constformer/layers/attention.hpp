#pragma once

#include "constformer/config/config.hpp"
#include "constformer/core/check.hpp"
#include "constformer/core/members.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/norm.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// What of a config decides the parameters of an attention layer; equal shapes of different models are one type.
struct attention_shape {
  int d_model;           ///< width of the residual stream
  int heads;             ///< query heads
  int kv_heads;          ///< key and value heads; divides heads
  int head_dim;          ///< width of one head
  bool bias_qkv;         ///< query, key and value have biases
  bool bias_output;      ///< the output projection has one
  bool qk_norm = false;  ///< queries and keys are normed per head, with weights
};

/// The attention shape of any block of `c`.
[[nodiscard]] constexpr attention_shape attention_shape_of(config const& c) {
  return {c.d_model, c.heads, c.kv_heads, c.head_dim, c.bias_qkv, c.bias_attention_output, c.qk_norm && c.norm_weight};
}

/// Attention (arXiv:1706.03762) with kv_heads key and value heads (GQA, arXiv:2305.13245): query (T, heads, head_dim),
/// key and value (T, kv_heads, head_dim), output (T, d_model).
template <attention_shape Shape>
struct attention {
  static constexpr int in = Shape.d_model;   ///< columns of what it takes
  static constexpr int out = Shape.d_model;  ///< columns of what it gives
  static_assert(check<(Shape.kv_heads > 0 && Shape.heads % Shape.kv_heads == 0),
                      "attention: heads={} is not a multiple of kv_heads={}", Shape.heads, Shape.kv_heads>::value);
  /// (T, d_model) to (T, heads·head_dim).
  using query_type = linear<Shape.heads * Shape.head_dim, Shape.d_model, Shape.bias_qkv>;
  /// (T, d_model) to (T, kv_heads·head_dim); keys and values alike.
  using key_value_type = linear<Shape.kv_heads * Shape.head_dim, Shape.d_model, Shape.bias_qkv>;
  /// (T, heads·head_dim) to (T, d_model).
  using output_type = linear<Shape.d_model, Shape.heads * Shape.head_dim, Shape.bias_output>;
  /// Over head_dim, one for all query heads and one for all key heads, or absent.
  using qk_norm_type = member_if<Shape.qk_norm, norm_layer<Shape.head_dim, false>>;
  BOOST_HANA_DEFINE_STRUCT(attention, (query_type, query), (key_value_type, key), (key_value_type, value),
                           (qk_norm_type, query_norm), (qk_norm_type, key_norm), (output_type, output));
};

/// `attention` under a name that members do not have, for code that says `using namespace constformer`.
template <attention_shape Shape>
using attention_layer = attention<Shape>;

}  // namespace constformer

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/core/check.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/members.hpp"
#include "constformer/core/square_root.hpp"
#include "constformer/graph/attend_options.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/adapted_linear.hpp"
#include "constformer/layers/adapter_options.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/norm.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// What of a config decides the parameters of an attention layer; equal shapes of different models are one type.
struct attention_shape {
  int d_model;                 ///< width of the residual stream
  int heads;                   ///< query heads
  int kv_heads;                ///< key and value heads; divides heads
  int head_dim;                ///< width of one head
  bool bias_qkv;               ///< query, key and value have biases
  bool bias_output;            ///< the output projection has one
  bool qk_norm = false;        ///< queries and keys are normed per head, with weights
  adapter_options adapters{};  ///< of its linear layers
};

/// The attention shape of any block of `c`.
[[nodiscard]] constexpr attention_shape attention_shape_of(config const& c, adapter_options const& adapters = {}) {
  return {c.d_model, c.heads, c.kv_heads, c.head_dim, c.bias_qkv, c.bias_attention_output, c.qk_norm && c.norm_weight,
          adapters};
}

/// What happens between the matrices of an attention layer.
struct attention_form {
  attend_options options{};  ///< masks and scores
  bool rotates = false;      ///< queries and keys, by `rotation`
  rope_config rotation{};    ///< if it rotates
  bool norms_heads = false;  ///< each head of queries and keys is RMS-normed
  bool norms_last = false;   ///< after they rotate, not before
  float eps = 1e-5F;         ///< of these norms
};

/// The form of self-attention in any block of `c`.
[[nodiscard]] constexpr attention_form attention_form_of(config const& c) {
  float const gain = c.score_gain * (c.scale_scores ? detail::inverse_root(c.head_dim) : 1.0F);
  return {.options = {.window = c.mask == mask_kind::causal ? c.window : 0,
                      .mask = c.mask,
                      .unwindowed = c.unwindowed,
                      .scale = gain,
                      .scale_by_layer = c.scale_scores_by_layer,
                      .softcap = c.score_softcap,
                      .relative = c.relative},
          .rotates = c.position == position_kind::rotary,
          .rotation = c.rope,
          .norms_heads = c.qk_norm,
          .norms_last = c.qk_norm_last,
          .eps = c.norm_eps};
}

/// The form of attention over the source in any block of `c`.
[[nodiscard]] constexpr attention_form cross_form_of(config const& c) {
  return {
      .options = {.mask = mask_kind::bidirectional, .scale = c.scale_scores ? detail::inverse_root(c.head_dim) : 1.0F}};
}

/// Values as they are: what most attention layers do with them.
struct same_values {
  /// v.
  constexpr value operator()(value, value v) const { return v; }
};

/// Attention (arXiv:1706.03762) with kv_heads key and value heads (GQA, arXiv:2305.13245): query (T, heads, head_dim),
/// key and value (T, kv_heads, head_dim), output (T, d_model).
template <attention_shape Shape>
struct attention {
  static constexpr int in = Shape.d_model;                           ///< columns of what it takes
  static constexpr int out = Shape.d_model;                          ///< columns of what it gives
  static constexpr int query_width = Shape.heads * Shape.head_dim;   ///< columns of all queries
  static constexpr int key_width = Shape.kv_heads * Shape.head_dim;  ///< of all keys, and of all values
  static_assert(check<(Shape.kv_heads > 0 && Shape.heads % Shape.kv_heads == 0),
                      "attention: heads={} is not a multiple of kv_heads={}", Shape.heads, Shape.kv_heads>::value);
  /// (T, d_model) to (T, heads·head_dim).
  using query_type =
      adapted_if<Shape.adapters.query, linear<query_width, Shape.d_model, Shape.bias_qkv>, Shape.adapters>;
  /// (T, d_model) to (T, kv_heads·head_dim).
  using key_type = adapted_if<Shape.adapters.key, linear<key_width, Shape.d_model, Shape.bias_qkv>, Shape.adapters>;
  /// (T, d_model) to (T, kv_heads·head_dim).
  using value_type = adapted_if<Shape.adapters.value, linear<key_width, Shape.d_model, Shape.bias_qkv>, Shape.adapters>;
  /// (T, heads·head_dim) to (T, d_model).
  using output_type =
      adapted_if<Shape.adapters.output, linear<Shape.d_model, query_width, Shape.bias_output>, Shape.adapters>;
  /// One adapter of query, key and value, or absent.
  using joint_type =
      member_if<Shape.adapters.joint_qkv, low_rank<query_width + 2 * key_width, Shape.d_model, Shape.adapters>>;
  /// Over head_dim, one for all query heads and one for all key heads, or absent.
  using qk_norm_type = member_if<Shape.qk_norm, norm_layer<Shape.head_dim, false>>;
  BOOST_HANA_DEFINE_STRUCT(attention, (query_type, query), (key_type, key), (value_type, value),
                           (joint_type, qkv_adapter), (qk_norm_type, query_norm), (qk_norm_type, key_norm),
                           (output_type, output));

  /// x (rows, d_model) to the same: self-attention.
  constexpr constformer::value operator()(constformer::value x, attention_form const& form,
                                          call where = call::current()) const {
    return mix(x, x, form, nullptr, same_values{}, where);
  }

  /// Queries of x look at keys and values of `source`. `biases`, if it is not null, is a table of biases by distance;
  /// `change(source, v)` gives the values that are mixed.
  template <class Change>
  constexpr constformer::value mix(constformer::value x, constformer::value source, attention_form const& form,
                                   constformer::value const* biases, Change const& change,
                                   call where = call::current()) const {
    constexpr int heads = Shape.heads, kv_heads = Shape.kv_heads, head_dim = Shape.head_dim;
    auto [qs, ks, vs] = projected(x, source, where);
    auto const q = placed(query_norm, split_heads(qs, heads, head_dim, axes::heads, where), form, where);
    auto const k = placed(key_norm, split_heads(ks, kv_heads, head_dim, axes::kv_heads, where), form, where);
    auto const v = change(source, split_heads(vs, kv_heads, head_dim, axes::kv_heads, where));
    attend_options options = form.options;
    options.dropout = x.owner().learns.dropout;
    return output(biases == nullptr ? attend(q, k, v, options, where) : attend_biased(q, k, v, *biases, options, where),
                  where);
  }

 private:
  struct projections {
    constformer::value query, key, value;
  };
  // Queries of x, keys and values of `source`.
  constexpr projections projected(constformer::value x, constformer::value source, call where) const {
    projections all{query(x, where), key(source, where), value(source, where)};
    if constexpr (Shape.adapters.joint_qkv) {
      auto const joint = qkv_adapter(x, where);
      all.query = add(all.query, slice(joint, 0, query_width, where), where);
      all.key = add(all.key, slice(joint, query_width, key_width, where), where);
      all.value = add(all.value, slice(joint, query_width + key_width, key_width, where), where);
    }
    return all;
  }
  // Heads normed and rotated.
  constexpr constformer::value placed(qk_norm_type const& norm, constformer::value a, attention_form const& form,
                                      call where) const {
    if (form.norms_heads && !form.norms_last) a = normed(norm, a, form, where);
    if (form.rotates) a = rope(a, form.rotation, where);
    if (form.norms_heads && form.norms_last) a = normed(norm, a, form, where);
    return a;
  }
  static constexpr constformer::value normed(qk_norm_type const& norm, constformer::value a, attention_form const& form,
                                             call where) {
    if constexpr (Shape.qk_norm)
      return norm(a, norm_kind::rms_norm, form.eps, where);
    else
      return norm_layer<Shape.head_dim, false, false>{}(a, norm_kind::rms_norm, form.eps, where);
  }
};

/// `attention` under a name that members do not have, for code that says `using namespace constformer`.
template <attention_shape Shape>
using attention_layer = attention<Shape>;

}  // namespace constformer

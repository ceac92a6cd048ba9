#pragma once

#include "constformer/config/config.hpp"

namespace constformer {

/// The numbers that differ between models of one family. What is 0 takes the family's usual value.
struct shape {
  int layers = 0;     ///< blocks
  int d_model = 0;    ///< width of the residual stream
  int heads = 0;      ///< query heads
  int kv_heads = 0;   ///< 0: heads
  int head_dim = 0;   ///< 0: d_model / heads
  int d_ff = 0;       ///< 0: 4·d_model
  int vocab = 0;      ///< tokens
  int positions = 0;  ///< longest context; also the capacity
};

namespace detail {

constexpr config from_shape(family_kind family, shape const& s) {
  config c;
  c.family = family;
  c.layers = s.layers;
  c.d_model = s.d_model;
  c.heads = s.heads;
  c.kv_heads = s.kv_heads != 0 ? s.kv_heads : s.heads;
  c.head_dim = s.head_dim != 0 ? s.head_dim : (s.heads > 0 ? s.d_model / s.heads : 0);
  c.d_ff = s.d_ff != 0 ? s.d_ff : 4 * s.d_model;
  c.vocab = s.vocab;
  c.positions = s.positions;
  c.capacity = s.positions;
  return c;
}

}  // namespace detail

/// Llama (arXiv:2302.13971): pre-RMSNorm, rotary half-split, SwiGLU, no biases, untied.
[[nodiscard]] constexpr config llama(shape const& s) {
  config c = detail::from_shape(family_kind::llama, s);
  c.rope.rotary_dims = c.head_dim;
  return c;
}

/// Mistral 7B (arXiv:2310.06825): Llama whose queries see a window of keys.
[[nodiscard]] constexpr config mistral(shape const& s, int window) {
  config c = llama(s);
  c.family = family_kind::mistral;
  c.window = window;
  return c;
}

/// Qwen2 (arXiv:2407.10671): Llama with biases on query, key and value.
[[nodiscard]] constexpr config qwen2(shape const& s) {
  config c = llama(s);
  c.family = family_kind::qwen2;
  c.bias_qkv = true;
  c.norm_eps = 1e-6F;
  return c;
}

/// GPT-2 (Radford et al. 2019): pre-LayerNorm, learned positions, biases everywhere, tanh GELU, tied head.
[[nodiscard]] constexpr config gpt2(shape const& s) {
  config c = detail::from_shape(family_kind::gpt2, s);
  c.norm = norm_kind::layer_norm;
  c.norm_bias = true;
  c.activation = activation_kind::gelu_tanh;
  c.gated = false;
  c.position = position_kind::learned;
  c.bias_qkv = c.bias_attention_output = c.bias_ffn = true;
  c.tied = true;
  return c;
}

/// BERT (arXiv:1810.04805): bidirectional, post-LayerNorm, learned positions, two segments, pooler, no head.
[[nodiscard]] constexpr config bert(shape const& s) {
  config c = gpt2(s);
  c.family = family_kind::bert;
  c.place = norm_place::post;
  c.norm_eps = 1e-12F;
  c.activation = activation_kind::gelu;
  c.mask = mask_kind::bidirectional;
  c.segments = 2;
  c.head = head_kind::none;
  c.tied = false;
  c.pooler = true;
  return c;
}

/// RoBERTa (arXiv:1907.11692): BERT with one segment, whose positions begin at row 2 of their table; `positions` are those that
/// tokens can have.
[[nodiscard]] constexpr config roberta(shape const& s) {
  config c = bert(s);
  c.family = family_kind::roberta;
  c.norm_eps = 1e-5F;
  c.first_position = 2;
  c.segments = 1;
  return c;
}

/// DistilBERT (arXiv:1910.01108): BERT without segments and pooler.
[[nodiscard]] constexpr config distilbert(shape const& s) {
  config c = bert(s);
  c.family = family_kind::distilbert;
  c.segments = 0;
  c.pooler = false;
  return c;
}

}  // namespace constformer

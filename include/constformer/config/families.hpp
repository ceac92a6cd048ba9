#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/square_root.hpp"
#include "constformer/config/layer_set.hpp"

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

/// Qwen3 (arXiv:2505.09388): Llama whose queries and keys are normed per head.
[[nodiscard]] constexpr config qwen3(shape const& s) {
  config c = llama(s);
  c.family = family_kind::qwen3;
  c.qk_norm = true;
  c.norm_eps = 1e-6F;
  return c;
}

/// Gemma (arXiv:2403.08295): Llama with a tanh GELU gate, norm weights stored less 1, embeddings scaled by √d_model,
/// tied head.
[[nodiscard]] constexpr config gemma(shape const& s) {
  config c = llama(s);
  c.family = family_kind::gemma;
  c.activation = activation_kind::gelu_tanh;
  c.norm_eps = 1e-6F;
  c.norm_adds_one = true;
  c.embedding_scale = detail::root_of(c.d_model);
  c.tied = true;
  return c;
}

/// Gemma 2 (arXiv:2408.00118): Gemma with norms before and after each half of a block, softcapped scores and logits,
/// and a window on every other layer, the first included.
[[nodiscard]] constexpr config gemma2(shape const& s, int window) {
  config c = gemma(s);
  c.family = family_kind::gemma2;
  c.place = norm_place::sandwich;
  c.score_softcap = 50.0F;
  c.logit_softcap = 30.0F;
  c.window = window;
  if (window > 0) c.unwindowed = every(2, 1, s.layers);
  return c;
}

/// Phi-3 (arXiv:2404.14219): Llama whose files fuse query, key and value, and gate and up.
[[nodiscard]] constexpr config phi3(shape const& s) {
  config c = llama(s);
  c.family = family_kind::phi3;
  return c;
}

/// GPT-NeoX and Pythia (arXiv:2204.06745, arXiv:2304.01373): parallel LayerNorm blocks with biases, rotary positions on
/// a quarter of each head, erf GELU, untied.
[[nodiscard]] constexpr config gpt_neox(shape const& s) {
  config c = llama(s);
  c.family = family_kind::gpt_neox;
  c.norm = norm_kind::layer_norm;
  c.norm_bias = true;
  c.parallel = true;
  c.activation = activation_kind::gelu;
  c.gated = false;
  c.rope.rotary_dims = c.head_dim / 4;
  c.bias_qkv = c.bias_attention_output = c.bias_ffn = true;
  return c;
}

/// ChatGLM2 and 3 (arXiv:2406.12793): Llama with biases on query, key and value and neighbouring rotary pairs in half
/// of each head.
[[nodiscard]] constexpr config chatglm(shape const& s) {
  config c = llama(s);
  c.family = family_kind::chatglm;
  c.rope.style = rope_style::interleaved;
  c.rope.rotary_dims = c.head_dim / 2;
  c.bias_qkv = true;
  return c;
}

/// ChatGLM-6B (arXiv:2103.10360, arXiv:2406.12793): LayerNorm blocks that carry the normed stream on, times
/// √(2·layers), two rotary positions per token, a prefix that all queries see, and a tied head, which files hold twice.
[[nodiscard]] constexpr config chatglm_6b(shape const& s, prefix_config const& prefix) {
  config c = llama(s);
  c.family = family_kind::chatglm_6b;
  c.norm = norm_kind::layer_norm;
  c.norm_bias = true;
  c.place = norm_place::deep;
  c.residual_scale = detail::root_of(2 * s.layers);
  c.activation = activation_kind::gelu_tanh;
  c.gated = false;
  c.rope.planes = 2;
  c.rope.f16_frequencies = true;
  c.mask = mask_kind::prefix;
  c.prefix = prefix;
  c.tied = true;
  c.bias_qkv = c.bias_attention_output = c.bias_ffn = true;
  return c;
}

/// GLM-4 9B as transformers has it (arXiv:2406.12793): the arithmetic of ChatGLM3.
[[nodiscard]] constexpr config glm(shape const& s) {
  config c = chatglm(s);
  c.family = family_kind::glm;
  c.norm_eps = 1.5625e-7F;
  return c;
}

/// GLM-4 of April 2025: GLM-4 with norms before and after each half of a block.
[[nodiscard]] constexpr config glm4(shape const& s) {
  config c = glm(s);
  c.family = family_kind::glm4;
  c.place = norm_place::sandwich;
  return c;
}

/// nanochat (github.com/karpathy/nanochat, 2025): norms without weights, one of them on the embeddings, queries and
/// keys normed after they rotate backwards, relu², softcapped logits. What its later eras add are fields; `nanochat_of`
/// sets them.
[[nodiscard]] constexpr config nanochat(shape const& s) {
  config c = llama(s);
  c.family = family_kind::nanochat;
  c.norm_eps = 1.1920929e-7F;  // of torch's rms_norm without one: float32's epsilon
  c.norm_weight = false;
  c.embedding_norm = true;
  c.qk_norm = c.qk_norm_last = true;
  c.rope.backwards = true;
  c.activation = activation_kind::relu2;
  c.gated = false;
  c.logit_softcap = 15.0F;
  return c;
}

/// The eras of nanochat that tensors tell apart, by their first day: 2025-10-13, and 2026-01-11, 01-16, 03-09, 03-14.
enum class nanochat_era : std::uint8_t { plain, lambdas, values, gated, smeared };

/// nanochat of an era; `pattern` is its window_pattern ('S' and 'L', tiled over the layers; the last layer sees all
/// keys). Short windows are T/2, from 2026-03-09 on T/3 and then T/4 in whole tiles of 128, each with the query's own
/// key besides.
[[nodiscard]] constexpr config nanochat_of(shape const& s, nanochat_era era, std::string_view pattern) {
  config c = nanochat(s);
  bool const tiled = era >= nanochat_era::gated;
  int const part = era == nanochat_era::smeared ? 4 : 3;
  int const short_window = tiled ? (s.positions + 128 * part - 1) / (128 * part) * 128 : s.positions / 2;
  bool any = false;
  for (int layer = 0; layer < s.layers && !pattern.empty(); ++layer) {
    char const kind = pattern[static_cast<std::size_t>(layer) % pattern.size()];
    bool const slides = layer != s.layers - 1 && (kind == 'S' || kind == 's');
    any = any || slides;
    if (!slides && layer < layer_set::limit) c.unwindowed.add(layer);
  }
  c.window = any ? short_window + 1 : 0;
  if (!any) c.unwindowed = {};
  c.residual_gains = era >= nanochat_era::lambdas;
  if (era >= nanochat_era::values) {
    c.value_layers = every(2, (s.layers + 1) % 2, s.layers);
    c.value_gate_inputs = tiled ? 12 : 32;
    c.value_gate_limit = tiled ? 3.0F : 2.0F;
  }
  if (tiled) {
    c.rope.theta = 100000.0F;
    c.score_gain = era == nanochat_era::smeared ? 1.2F * 1.2F : 1.15F * 1.15F;  // half of it on each of q and k
  }
  if (era == nanochat_era::smeared) {
    c.smear_inputs = 24;
    c.backout = true;
  }
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

/// GPT-Neo (EleutherAI 2021; TinyStories, arXiv:2305.07759): GPT-2 without biases on query, key and value, scores that
/// are not scaled, and a window on every other layer, the second included.
[[nodiscard]] constexpr config gpt_neo(shape const& s, int window) {
  config c = gpt2(s);
  c.family = family_kind::gpt_neo;
  c.window = window;
  if (window > 0) c.unwindowed = every(2, 0, c.layers);
  c.scale_scores = false;
  c.bias_qkv = false;
  return c;
}

/// `c` with or without the biases of norms, attention and feed-forward layers, as nanoGPT leaves the choice.
[[nodiscard]] constexpr config with_biases(config c, bool biased) {
  c.norm_bias = c.bias_qkv = c.bias_attention_output = c.bias_ffn = biased;
  return c;
}

/// BERT (arXiv:1810.04805): bidirectional, post-LayerNorm, learned positions, two segments, pooler, no head.
[[nodiscard]] constexpr config bert(shape const& s) {
  config c = gpt2(s);
  c.family = family_kind::bert;
  c.place = norm_place::post;
  c.embedding_norm = true;
  c.norm_eps = 1e-12F;
  c.activation = activation_kind::gelu;
  c.mask = mask_kind::bidirectional;
  c.segments = 2;
  c.head = head_kind::none;
  c.tied = false;
  c.pooler = true;
  return c;
}

/// RoBERTa (arXiv:1907.11692): BERT with one segment, whose positions begin at row 2 of their table; `positions` are
/// those that tokens can have.
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

namespace detail {

// An encoder as deep as `layers` says and else like the decoder, whose embedding it shares.
constexpr void add_encoder(config& c, int layers) {
  c.encoder = {.layers = layers, .heads = c.heads, .head_dim = c.head_dim, .d_ff = c.d_ff, .vocab = 0};
}

}  // namespace detail

/// T5 1.0 (arXiv:1910.10683): encoder-decoder, pre-RMSNorm, no biases, relative positions in 32 buckets up to 128,
/// scores that are not scaled, ReLU, one embedding for both sides and the head, whose input is scaled by d_model^-½.
/// The encoder has as many layers as the decoder.
[[nodiscard]] constexpr config t5(shape const& s) {
  config c = detail::from_shape(family_kind::t5, s);
  c.norm_eps = 1e-6F;
  c.activation = activation_kind::relu;
  c.gated = false;
  c.position = position_kind::relative;
  c.relative = {.buckets = 32, .max_distance = 128};
  c.scale_scores = false;
  c.tied = true;
  c.logit_scale = detail::inverse_root(c.d_model);
  detail::add_encoder(c, c.layers);
  return c;
}

/// T5 1.1: gated GELU (tanh form), a head of its own and no scale before it.
[[nodiscard]] constexpr config t5_v1_1(shape const& s) {
  config c = t5(s);
  c.family = family_kind::t5_v1_1;
  c.activation = activation_kind::gelu_tanh;
  c.gated = true;
  c.tied = false;
  c.logit_scale = 1.0F;
  return c;
}

/// The Transformer of the paper (arXiv:1706.03762): encoder-decoder, post-LayerNorm, sinusoids, embeddings scaled by
/// √d_model, biases everywhere but in scores, ReLU, one embedding for both sides and the head. In files it has the
/// lecture code's names.
[[nodiscard]] constexpr config vaswani(shape const& s) {
  config c = detail::from_shape(family_kind::lecture, s);
  c.norm = norm_kind::layer_norm;
  c.place = norm_place::post;
  c.norm_bias = true;
  c.activation = activation_kind::relu;
  c.gated = false;
  c.position = position_kind::sinusoid;
  c.embedding_scale = detail::root_of(c.d_model);
  c.bias_qkv = c.bias_attention_output = c.bias_ffn = true;
  c.tied = true;
  detail::add_encoder(c, c.layers);
  return c;
}

/// The lecture code (github.com/SamLynnEvans/Transformer): pre-norm with a norm after each stack, its own norm and
/// position formula, d_ff 2048 whatever the width, two embeddings and a head with a bias. `source_vocab` are the tokens
/// of the source.
[[nodiscard]] constexpr config lecture(shape const& s, int source_vocab) {
  config c = vaswani(s);
  c.norm = norm_kind::deviation_norm;
  c.place = norm_place::pre;
  c.norm_eps = 1e-6F;
  c.position = position_kind::sinusoid_lecture;
  c.d_ff = s.d_ff != 0 ? s.d_ff : 2048;
  c.bias_head = true;
  c.tied = false;
  detail::add_encoder(c, c.layers);
  c.encoder.vocab = source_vocab;
  return c;
}

/// Marian (arXiv:1804.00344) as Hugging Face has it: the paper's form with sines and cosines in halves, swish, and a
/// bias of the logits.
[[nodiscard]] constexpr config marian(shape const& s) {
  config c = vaswani(s);
  c.family = family_kind::marian;
  c.activation = activation_kind::silu;
  c.position = position_kind::sinusoid_halves;
  c.bias_head = true;
  return c;
}

/// OpenNMT-tf's Transformer as CTranslate2 stores it: pre-LayerNorm, its own sinusoids, two embeddings and a head with
/// a bias. `source_vocab` are the tokens of the source.
[[nodiscard]] constexpr config opennmt(shape const& s, int source_vocab) {
  config c = vaswani(s);
  c.family = family_kind::opennmt;
  c.place = norm_place::pre;
  c.position = position_kind::sinusoid_opennmt;
  c.bias_head = true;
  c.tied = false;
  c.encoder.vocab = source_vocab;
  return c;
}

/// A decoder alone in a CTranslate2 folder, whatever family it was converted from; this is Llama's arithmetic.
[[nodiscard]] constexpr config ctranslate2_decoder(shape const& s) {
  config c = llama(s);
  c.family = family_kind::ctranslate2_decoder;
  return c;
}

}  // namespace constformer

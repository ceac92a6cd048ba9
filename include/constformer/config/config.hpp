#pragma once

#include "constformer/config/kinds.hpp"
#include "constformer/config/layer_set.hpp"
#include "constformer/config/weight_types.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

/// What each frequency of a rotary embedding is divided by; those from rotary_dims / 2 on are unused and 0.
struct factor_table {
  static constexpr int limit = 64;  ///< pairs of the widest heads that have such tables
  float values[limit]{};            ///< by pair

  bool operator==(factor_table const&) const = default;
};

/// Rotary position embedding (Su et al. 2021, arXiv:2104.09864) and its long-context scalings.
struct rope_config {
  rope_style style = rope_style::half_split;  ///< which dims make a pair
  float theta = 10000.0F;                     ///< base of the geometric row of wavelengths
  int rotary_dims = 0;                        ///< leading dims of each head that rotate; even, at most head_dim
  int planes = 1;  ///< 2: each half of the rotating dims turns by a position of its own (ChatGLM-6B; needs mask prefix)
  bool f16_frequencies = false;                         ///< frequencies are rounded to float16 (ChatGLM-6B)
  rope_scaling_kind scaling = rope_scaling_kind::none;  ///< how frequencies change for long contexts
  float factor = 1.0F;            ///< how many times longer than trained; linear, dynamic, llama3, yarn
  int original_positions = 0;     ///< trained context length; dynamic, llama3, yarn, longrope
  float low_freq_factor = 1.0F;   ///< llama3: wavelengths above original_positions / this are divided by factor
  float high_freq_factor = 4.0F;  ///< llama3: wavelengths below original_positions / this are kept
  float beta_fast = 32.0F;        ///< yarn: dims that turn at least this often over the trained context are kept
  float beta_slow = 1.0F;         ///< yarn: dims that turn at most this often are divided by factor
  bool truncate = true;           ///< yarn: bounds of the ramp are rounded outwards to whole dims
  factor_table short_factors{};   ///< longrope: for sessions of at most original_positions
  factor_table long_factors{};    ///< longrope: for longer ones
  bool backwards = false;         ///< pairs rotate by minus the angle (nanochat)
  float attention_factor = 1.0F;  ///< cos and sin are multiplied by it; yarn: 0.1·ln(factor) + 1 unless the file says

  bool operator==(rope_config const&) const = default;
};

/// Buckets of distances between query and key that share a trained bias of the scores (T5, arXiv:1910.10683).
struct relative_config {
  int buckets = 0;       ///< rows of the table; an encoder uses half of them for keys behind the query
  int max_distance = 0;  ///< from here on all distances share the last bucket

  bool operator==(relative_config const&) const = default;
};

/// The encoder of an encoder-decoder model as far as it may differ from the decoder, which `config` itself describes.
struct encoder_config {
  int layers = 0;    ///< blocks; 0: there is no encoder, and blocks have no cross-attention
  int heads = 0;     ///< query heads, each with a key and value head of its own
  int head_dim = 0;  ///< width of one head
  int d_ff = 0;      ///< inner width of the feed-forward layer
  int vocab = 0;     ///< source tokens; 0: those of the decoder, whose embedding serves both

  bool operator==(encoder_config const&) const = default;
};

/// Tokens that tell where the prefix of a text ends and where its answer belongs (GLM, arXiv:2103.10360).
struct prefix_config {
  int end = 0;          ///< the first token that is no longer seen by all
  int blank = 0;        ///< its index is the position of all tokens from `end` on
  int other_blank = 0;  ///< stands for `blank` in texts without it

  bool operator==(prefix_config const&) const = default;
};

/// Everything that decides shapes, arithmetic and memory of one transformer. A family is a value of this aggregate.
///
/// Give it a name at namespace scope and pass it by reference as template argument, so that errors and symbols carry
/// the name:
///
///     inline constexpr config tiny =
///         llama({.layers = 2, .d_model = 64, .heads = 4, .d_ff = 128, .vocab = 96, .positions = 128});
///     using model = constformer::transformer<tiny>;
///
/// `first_misfit` in rules.hpp says which combinations are valid.
struct config {
  family_kind family = family_kind::llama;  ///< tensor names and layout of checkpoints

  int layers = 0;          ///< blocks
  int d_model = 0;         ///< width of the residual stream
  int heads = 0;           ///< query heads
  int kv_heads = 0;        ///< key and value heads, shared by heads / kv_heads query heads each (GQA, arXiv:2305.13245)
  int head_dim = 0;        ///< width of one head; need not be d_model / heads
  int d_ff = 0;            ///< inner width of the feed-forward layer
  int vocab = 0;           ///< tokens
  int positions = 0;       ///< longest context the checkpoint was made for
  int first_position = 0;  ///< rows of the position table that no token uses (RoBERTa: 2); learned positions only
  int segments = 0;        ///< token types (BERT); 0: none
  int capacity = 0;        ///< longest context of the compiled program: rows of the KV cache

  norm_kind norm = norm_kind::rms_norm;  ///< of every block, and the last or first one
  norm_place place = norm_place::pre;    ///< where each half of a block is normed
  float norm_eps = 1e-5F;                ///< added to the mean square or the variance (deviation_norm: to σ)
  bool norm_bias = false;                ///< not for rms_norm
  bool embedding_norm = false;           ///< a norm on the sum of the embeddings, before the first block
  float residual_scale = 1.0F;           ///< what the normed stream is multiplied by before a half is added; deep only
  bool norm_weight = true;               ///< norms end in a weight; false: rms_norm alone (nanochat)
  bool norm_adds_one = false;            ///< checkpoints hold norm weights less 1 (Gemma); packing adds it
  /// x + attention(norm(x)) + ffn(norm(x)), each with its own norm (GPT-NeoX, arXiv:2204.06745).
  bool parallel = false;
  /// x += s·σ(w·x[:smear_inputs])·x of the token before, after the embedding (nanochat); 0: none.
  int smear_inputs = 0;
  bool residual_gains = false;  ///< block i begins with x = r[i]·x + e[i]·x₀, x₀ being what entered block 0 (nanochat)
  bool backout = false;         ///< b·x after block layers/2 is taken from the last block's output (nanochat)

  activation_kind activation = activation_kind::silu;  ///< of the feed-forward layer
  bool gated = true;  ///< down(act(gate(x)) · up(x)) instead of down(act(up(x))) (GLU variants, arXiv:2002.05202)

  position_kind position = position_kind::rotary;  ///< how tokens know their place
  rope_config rope{};                              ///< if position is rotary
  relative_config relative{};                      ///< if position is relative
  float embedding_scale = 1.0F;                    ///< token embeddings are multiplied by it
  bool zero_start = false;                         ///< the embedding of the token at position 0 is 0 (Marian)

  mask_kind mask = mask_kind::causal;  ///< which keys a query sees
  prefix_config prefix{};              ///< if the mask is prefix
  int window = 0;                      ///< a query sees this many keys, itself included (Mistral); 0: no limit
  layer_set unwindowed{};              ///< layers in which it sees all keys nevertheless (Gemma 2)

  bool scale_scores = true;            ///< scores are divided by √head_dim
  bool scale_scores_by_layer = false;  ///< scores are further divided by layer index + 1 (GPT-2 option)
  float score_gain = 1.0F;             ///< scores are further multiplied by it
  float score_softcap = 0.0F;          ///< scores become cap·tanh(score/cap) (Gemma 2, arXiv:2408.00118); 0: they stay
  bool qk_norm = false;       ///< queries and keys are RMS-normed per head, with weights, before they rotate (Qwen3)
  bool qk_norm_last = false;  ///< qk_norm comes after the rotation
  /// Layers whose values get an embedding of the token, gated per KV head (arXiv:2410.17897).
  layer_set value_layers{};
  int value_gate_inputs = 0;           ///< leading values of the layer's input that the gate sees
  float value_gate_limit = 0.0F;       ///< the gate is limit·σ(w·input)
  bool bias_qkv = false;               ///< query, key and value have biases
  bool bias_attention_output = false;  ///< the attention output projection has one
  bool bias_ffn = false;               ///< gate, up and down have biases
  bool bias_head = false;              ///< logits have one

  head_kind head = head_kind::language_model;                 ///< logits, or hidden states as the result
  bool tied = false;                                          ///< the head's weight is the token embedding
  float logit_scale = 1.0F;                                   ///< W·x is multiplied by it (T5: d_model^-½ where tied)
  float logit_softcap = 0.0F;                                 ///< logits become cap·tanh(logit/cap); 0: they stay
  bool pooler = false;                                        ///< act(linear(hidden of the first token)) (BERT)
  activation_kind pooler_activation = activation_kind::tanh;  ///< tanh, or relu (DistilBERT)
  classifier_kind classifier = classifier_kind::none;         ///< scores of labels beside, or instead of, hidden states
  int labels = 0;                                             ///< outputs of the classifier; 0: there is none

  encoder_config encoder{};    ///< encoder-decoder models; all else here is then of the decoder
  bool shared_tokens = false;  ///< of an encoder that reads its decoder's embedding; `encoder_of` sets it

  dtype weights = dtype::f32;  ///< of matrices and token embeddings when packed; norms and biases stay f32
  int group = 0;               ///< values per scale of a quantised format; 0: not quantised
  weight_types types{};        ///< matrices whose type is another than `weights`
  /// What inputs of matrices are rounded to: f32, they stay and the weights are widened; i8, both are integers; bf16,
  /// beside weights in bf16.
  dtype inputs = dtype::f32;
  /// What keys and values are kept in: f32; bf16, rounded to nearest even; or i8, below one f32 scale per position and
  /// head.
  dtype kv_dtype = dtype::f32;

  bool operator==(config const&) const = default;
};

/// The type of the matrix of that kind in that layer; of tokens and head in layer 0.
[[nodiscard]] constexpr dtype type_of(config const& c, weight_kind kind, int layer = 0) {
  if (kind == weight_kind::head && c.tied) kind = weight_kind::tokens;
  for (int i = 0; i < c.types.count; ++i) {
    weight_type const& other = c.types.list[i];
    if (other.kind == kind && !other.encoder && other.layers.contains(layer)) return other.type;
  }
  return c.weights;
}

/// A copy of `base`, changed by `change(config&)`.
template <class Change>
[[nodiscard]] constexpr config with(config base, Change change) {
  change(base);
  return base;
}

}  // namespace constformer

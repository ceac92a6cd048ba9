#pragma once

#include <array>
#include <cstdint>

#include "constformer/core/named.hpp"

namespace constformer {

/// Whose checkpoint names and file layout a model follows. The arithmetic is told by the other fields of `config`.
enum class family_kind : std::uint8_t {
  llama,
  mistral,
  qwen2,
  qwen3,
  gemma,
  gemma2,
  phi3,
  gpt_neox,
  glm,
  glm4,
  chatglm,
  chatglm_6b,
  nanochat,
  gpt2,
  gpt_neo,
  bert,
  roberta,
  distilbert,
  t5,
  t5_v1_1,
  marian,
  opennmt,
  ctranslate2_decoder,
  lecture
};

/// x·rsqrt(mean x² + eps)·w, or (x − mean)·rsqrt(variance + eps)·w (+ b).
/// deviation_norm is the lecture code's: (x − mean)/(σ + eps)·w + b, where σ² divides by one value less and eps is
/// outside the root.
enum class norm_kind : std::uint8_t { rms_norm, layer_norm, deviation_norm };

/// pre: x + f(norm(x)), with one norm after the last block. post: norm(x + f(x)), with a norm on the embeddings
/// instead. sandwich: x + norm(f(norm(x))), two norms for each half of a block, and one after the last block (CogView,
/// arXiv:2105.13290). deep: residual_scale·norm(x) + f(norm(x)), with one norm after the last block (ChatGLM-6B's
/// DeepNorm, after arXiv:2203.00555).
enum class norm_place : std::uint8_t { pre, post, sandwich, deep };

/// Point-wise function of the feed-forward layer. gelu is ½x(1+erf(x/√2)); gelu_tanh is its tanh form (GPT-2's
/// gelu_new).
enum class activation_kind : std::uint8_t { relu, relu2, gelu, gelu_tanh, quick_gelu, silu, tanh, sigmoid, identity };

/// How a token learns where it stands. The sinusoids are fixed tables (positions, d_model) of sin and cos(p·f), added
/// to the embedding; they differ in their frequencies f and in where sin and cos lie. With d = d_model and base 10000:
/// - sinusoid: sin and cos in turn, f = base^(−2i/d) for pair i (arXiv:1706.03762)
/// - sinusoid_halves: the same f, all sines and then all cosines (Marian)
/// - sinusoid_opennmt: halves, f = base^(−i/(d/2 − 1)), and the first position is 1 (OpenNMT-tf, tensor2tensor)
/// - sinusoid_lecture: in turn, but sin in column c has f = base^(−2c/d) and cos in column c has base^(−2c/d) too
/// relative: no table of positions; a trained bias for each head and bucket of distances is added to scores (T5,
/// arXiv:1910.10683).
enum class position_kind : std::uint8_t {
  none,
  learned,
  rotary,
  sinusoid,
  sinusoid_halves,
  sinusoid_opennmt,
  sinusoid_lecture,
  relative
};

/// Which pairs of a head's dims rotate together: (j, j + rotary_dims/2), as Hugging Face has it, or (2j, 2j+1), as Meta
/// has it.
enum class rope_style : std::uint8_t { half_split, interleaved };

/// Changes of the rotary frequencies for contexts longer than those trained on; formulas in kernels/rope.hpp.
enum class rope_scaling_kind : std::uint8_t { none, linear, dynamic, llama3, yarn, longrope };

/// Which keys a query sees: those up to itself, or all. prefix: those up to itself and all before a token that ends the
/// prefix.
enum class mask_kind : std::uint8_t { causal, bidirectional, prefix };

/// What stands on top of the last block: nothing (hidden states are the result), logits over the vocabulary of the next
/// token, or of a token that is masked (BERT: a linear layer, activation and norm before the logits).
enum class head_kind : std::uint8_t { none, language_model, masked_language_model };

/// What a classifier judges: a sequence by its pooled first token, each token, or whether the second of two texts
/// follows the first (BERT's next sentence prediction, two labels over the pooled first token).
enum class classifier_kind : std::uint8_t { none, sequence, tokens, next_sentence };

namespace detail {

inline constexpr std::array family_names{
    named{family_kind::llama, "llama"},
    named{family_kind::mistral, "mistral"},
    named{family_kind::qwen2, "qwen2"},
    named{family_kind::qwen3, "qwen3"},
    named{family_kind::gemma, "gemma"},
    named{family_kind::gemma2, "gemma2"},
    named{family_kind::phi3, "phi3"},
    named{family_kind::gpt_neox, "gpt_neox"},
    named{family_kind::glm, "glm"},
    named{family_kind::glm4, "glm4"},
    named{family_kind::chatglm, "chatglm"},
    named{family_kind::chatglm_6b, "chatglm_6b"},
    named{family_kind::nanochat, "nanochat"},
    named{family_kind::gpt2, "gpt2"},
    named{family_kind::gpt_neo, "gpt_neo"},
    named{family_kind::bert, "bert"},
    named{family_kind::roberta, "roberta"},
    named{family_kind::distilbert, "distilbert"},
    named{family_kind::t5, "t5"},
    named{family_kind::t5_v1_1, "t5_v1_1"},
    named{family_kind::marian, "marian"},
    named{family_kind::opennmt, "opennmt"},
    named{family_kind::ctranslate2_decoder, "ctranslate2_decoder"},
    named{family_kind::lecture, "lecture"},
};
inline constexpr std::array norm_names{named{norm_kind::rms_norm, "rms_norm"},
                                       named{norm_kind::layer_norm, "layer_norm"},
                                       named{norm_kind::deviation_norm, "deviation_norm"}};
inline constexpr std::array norm_place_names{named{norm_place::pre, "pre"}, named{norm_place::post, "post"},
                                             named{norm_place::sandwich, "sandwich"}, named{norm_place::deep, "deep"}};
inline constexpr std::array activation_names{
    named{activation_kind::relu, "relu"},
    named{activation_kind::relu2, "relu2"},
    named{activation_kind::gelu, "gelu"},
    named{activation_kind::gelu_tanh, "gelu_tanh"},
    named{activation_kind::quick_gelu, "quick_gelu"},
    named{activation_kind::silu, "silu"},
    named{activation_kind::tanh, "tanh"},
    named{activation_kind::sigmoid, "sigmoid"},
    named{activation_kind::identity, "identity"},
};
inline constexpr std::array position_names{
    named{position_kind::none, "none"},
    named{position_kind::learned, "learned"},
    named{position_kind::rotary, "rotary"},
    named{position_kind::sinusoid, "sinusoid"},
    named{position_kind::sinusoid_halves, "sinusoid_halves"},
    named{position_kind::sinusoid_opennmt, "sinusoid_opennmt"},
    named{position_kind::sinusoid_lecture, "sinusoid_lecture"},
    named{position_kind::relative, "relative"},
};
inline constexpr std::array rope_style_names{named{rope_style::half_split, "half_split"},
                                             named{rope_style::interleaved, "interleaved"}};
inline constexpr std::array rope_scaling_names{
    named{rope_scaling_kind::none, "none"},       named{rope_scaling_kind::linear, "linear"},
    named{rope_scaling_kind::dynamic, "dynamic"}, named{rope_scaling_kind::llama3, "llama3"},
    named{rope_scaling_kind::yarn, "yarn"},       named{rope_scaling_kind::longrope, "longrope"},
};
inline constexpr std::array mask_names{named{mask_kind::causal, "causal"},
                                       named{mask_kind::bidirectional, "bidirectional"},
                                       named{mask_kind::prefix, "prefix"}};
inline constexpr std::array head_names{named{head_kind::none, "none"},
                                       named{head_kind::language_model, "language_model"},
                                       named{head_kind::masked_language_model, "masked_language_model"}};
inline constexpr std::array classifier_names{
    named{classifier_kind::none, "none"}, named{classifier_kind::sequence, "sequence"},
    named{classifier_kind::tokens, "tokens"}, named{classifier_kind::next_sentence, "next_sentence"}};

}  // namespace detail

// Where `name_of` and `kind_from` of core/named.hpp find the names.
/// Names of `family_kind`.
constexpr auto const& kind_names(family_kind) { return detail::family_names; }
/// Names of `norm_kind`.
constexpr auto const& kind_names(norm_kind) { return detail::norm_names; }
/// Names of `norm_place`.
constexpr auto const& kind_names(norm_place) { return detail::norm_place_names; }
/// Names of `activation_kind`.
constexpr auto const& kind_names(activation_kind) { return detail::activation_names; }
/// Names of `position_kind`.
constexpr auto const& kind_names(position_kind) { return detail::position_names; }
/// Names of `rope_style`.
constexpr auto const& kind_names(rope_style) { return detail::rope_style_names; }
/// Names of `rope_scaling_kind`.
constexpr auto const& kind_names(rope_scaling_kind) { return detail::rope_scaling_names; }
/// Names of `mask_kind`.
constexpr auto const& kind_names(mask_kind) { return detail::mask_names; }
/// Names of `head_kind`.
constexpr auto const& kind_names(head_kind) { return detail::head_names; }
/// Names of `classifier_kind`.
constexpr auto const& kind_names(classifier_kind) { return detail::classifier_names; }

}  // namespace constformer

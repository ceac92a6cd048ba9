#pragma once

#include <type_traits>

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/members.hpp"
#include "constformer/layers/block.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/norm.hpp"
#include "constformer/layers/parameter.hpp"
#include "constformer/layers/value_layer.hpp"

namespace constformer {

/// All parameters of one stack, decoder or encoder: embeddings, `layers` equal blocks, and what stands on top.
template <config const& Config>
struct transformer {
  static constexpr config const& shape = checked<Config>();  ///< `Config`, or a stand-in after its error
  /// Ends in logits, by a matrix of its own or tied.
  static constexpr bool has_head = shape.head == head_kind::language_model;
  /// Foretells masked tokens, through a layer of its own before the logits.
  static constexpr bool fills_masks = shape.head == head_kind::masked_language_model;

  /// (vocab, d_model).
  using token_table = embedding<shape.vocab, shape.d_model>;
  /// The same; an encoder may read its decoder's.
  using tokens_type = member_if<!shape.shared_tokens, token_table>;
  /// (first_position + positions, d_model) if positions are learned.
  using positions_type = member_if<shape.position == position_kind::learned,
                                   embedding<shape.first_position + shape.positions, shape.d_model>>;
  /// (segments, d_model) if there are token types.
  using segments_type = member_if<(shape.segments > 0), embedding<shape.segments, shape.d_model>>;
  /// (buckets, heads): what is added to scores, if positions are relative. One table serves all blocks.
  using relative_type =
      member_if<shape.position == position_kind::relative, embedding<shape.relative.buckets, shape.heads>>;
  /// Over d_model, outside of the blocks.
  using norm_type = norm_layer<shape.d_model, shape.norm_bias, shape.norm_weight>;
  /// On the sum of the embeddings.
  using embedding_norm_type = member_if<shape.embedding_norm, norm_type>;
  /// (1, smear_inputs): how much of the token before is mixed in, times a scalar.
  using smear_gate_type = member_if<(shape.smear_inputs > 0), linear<1, shape.smear_inputs, false>>;
  /// A scalar.
  using smear_gain_type = member_if<(shape.smear_inputs > 0), parameter<parameter_role::scale, 1>>;
  /// (layers): what the stream, and what entered block 0, is multiplied by at each block's beginning.
  using residual_gains_type = member_if<shape.residual_gains, parameter<parameter_role::scale, shape.layers>>;
  /// A scalar.
  using backout_type = member_if<shape.backout, parameter<parameter_role::scale, 1>>;
  /// Embedding and gate of the layers whose values get one.
  using value_layers_type = member_if<!shape.value_layers.empty(),
                                      repeated<value_layer<shape.vocab, shape.kv_heads * shape.head_dim, shape.kv_heads,
                                                           (shape.value_layers.empty() ? 1 : shape.value_gate_inputs)>,
                                               shape.value_layers.count(shape.layers)>>;
  /// The stack.
  using blocks_type = repeated<block<checked<Config>()>, shape.layers>;
  /// On the output of the last block, in all but post-norm models.
  using final_norm_type = member_if<shape.place != norm_place::post, norm_type>;
  /// (d_model, d_model) and bias, before the norm and the logits of masked tokens.
  using head_transform_type = member_if<fills_masks, linear<shape.d_model, shape.d_model, true>>;
  /// Over d_model, after the transform.
  using head_norm_type = member_if<fills_masks, norm_type>;
  /// (vocab, d_model) if logits are wanted and the token embedding does not serve as head. It may have a bias (vocab).
  using head_type =
      std::conditional_t<(fills_masks || shape.bias_head) && shape.tied, shared_weight_linear<shape.vocab>,
                         member_if<(has_head || fills_masks) && !shape.tied,
                                   linear<shape.vocab, shape.d_model, fills_masks || shape.bias_head>>>;
  /// (d_model, d_model) and bias, for the first token (BERT).
  using pooler_type = member_if<shape.pooler, linear<shape.d_model, shape.d_model, true>>;
  /// (labels, d_model) and bias, for the pooled first token or for each token.
  using classifier_type =
      member_if<(shape.labels > 0), linear<(shape.labels > 0 ? shape.labels : 1), shape.d_model, true>>;
  static_assert(!shape.tied || tied_head<shape.vocab, shape.d_model, token_table>::value);

  BOOST_HANA_DEFINE_STRUCT(transformer, (tokens_type, tokens), (positions_type, positions), (segments_type, segments),
                           (relative_type, relative), (embedding_norm_type, embedding_norm),
                           (smear_gate_type, smear_gate), (smear_gain_type, smear_gain),
                           (residual_gains_type, residual_gains), (residual_gains_type, embedding_gains),
                           (backout_type, backout_gain), (value_layers_type, value_layers), (blocks_type, blocks),
                           (final_norm_type, final_norm), (head_transform_type, head_transform),
                           (head_norm_type, head_norm), (head_type, head), (pooler_type, pooler),
                           (classifier_type, classifier));
};

/// All parameters of an encoder-decoder model (arXiv:1706.03762): two stacks, of which the decoder's blocks look at the
/// encoder's output.
template <config const& Config>
struct encoder_decoder {
  /// Bidirectional, without a head.
  using encoder_type = transformer<encoder_part<checked<Config>()>>;
  /// Causal, with cross-attention in each block.
  using decoder_type = transformer<Config>;
  BOOST_HANA_DEFINE_STRUCT(encoder_decoder, (encoder_type, encoder), (decoder_type, decoder));
};

/// All parameters of `Config`: one stack, or an encoder and a decoder.
template <config const& Config>
using model_parameters = std::conditional_t<has_encoder(Config), encoder_decoder<Config>, transformer<Config>>;

}  // namespace constformer

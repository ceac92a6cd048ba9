#pragma once

#include <optional>
#include <type_traits>

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/members.hpp"
#include "constformer/graph/columns.hpp"
#include "constformer/graph/loops.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/adapter_options.hpp"
#include "constformer/layers/block.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/norm.hpp"
#include "constformer/layers/parameter.hpp"
#include "constformer/layers/value_layer.hpp"

namespace constformer {

/// All parameters of one stack, decoder or encoder: embeddings, `layers` equal blocks, and what stands on top.
/// `Adapters` stand beside linear layers of the blocks.
template <config const& Config, adapter_options Adapters = adapter_options{}>
struct transformer {
  static constexpr config const& shape = checked<Config>();  ///< `Config`, or a stand-in after its error
  /// Ends in logits, by a matrix of its own or tied.
  static constexpr bool has_head = shape.head == head_kind::language_model;
  /// Tokens between which the prefix of a sequence lies that all its tokens see, if the mask is one of a prefix.
  static constexpr prefix_config prefix = shape.prefix;
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
  using blocks_type = repeated<block<checked<Config>(), Adapters>, shape.layers>;
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

  /// What the model is for: logits of the next token, or of masked ones, scores of labels, or hidden states.
  constexpr value operator()(value ids) const
    requires(!shape.shared_tokens)
  {
    value const x = hidden(ids, tokens);
    if constexpr (has_head) return logits(x);
    if constexpr (fills_masks) return fill(x);
    if constexpr (shape.labels > 0) return labels(x);
    return x;
  }

  /// Hidden states (rows, d_model), normed where the config says so. `table` holds the embeddings of ids, `source` is
  /// the encoder's output in decoders that look at one.
  template <class Table>
  constexpr value hidden(value ids, Table const& table, value const* source = nullptr) const {
    value const x = through_blocks(embed(ids, table), ids, source);
    if constexpr (shape.place == norm_place::post)
      return x;
    else
      return normed(final_norm, x);
  }

  /// Logits of the next token (tokens, vocab) of hidden states.
  constexpr value logits(value x) const
    requires has_head
  {
    if constexpr (shape.logit_scale != 1.0F) x = scale(x, shape.logit_scale);
    value const y = to_vocab(x);
    if constexpr (shape.logit_softcap > 0.0F)
      return softcap(y, shape.logit_softcap);
    else
      return y;
  }

  /// Logits of masked tokens (tokens, vocab).
  constexpr value fill(value x) const
    requires fills_masks
  {
    return to_vocab(normed(head_norm, activate(shape.activation, head_transform(x))));
  }

  /// Of the first token of each sequence (sequences, d_model).
  constexpr value pooled(value x) const
    requires(shape.pooler)
  {
    return activate(shape.pooler_activation, pooler(first_row(x)));
  }

  /// Scores of labels (sequences, labels), or of each token (tokens, labels).
  constexpr value labels(value x) const
    requires(shape.labels > 0)
  {
    if constexpr (shape.classifier == classifier_kind::tokens)
      return classifier(x);
    else
      return classifier(pooled(x));
  }

  /// The mean cross-entropy of what the heads foretell: of tokens, of labels of sequences, or the sum of both (BERT).
  constexpr value loss(value ids) const
    requires(!shape.shared_tokens && (has_head || fills_masks || shape.labels > 0))
  {
    value const x = hidden(ids, tokens);
    value const targets = ids_of(ids.owner(), id_column::targets);
    constexpr bool of_tokens = shape.classifier == classifier_kind::tokens;
    if constexpr (has_head) {
      return cross_entropy(logits(x), targets);
    } else if constexpr (shape.labels > 0) {
      value const judged = cross_entropy(labels(x), of_tokens ? targets : ids_of(ids.owner(), id_column::labels));
      if constexpr (fills_masks)
        return add_losses(cross_entropy(fill(x), targets), judged);
      else
        return judged;
    } else {
      return cross_entropy(fill(x), targets);
    }
  }

 private:
  static constexpr value normed(norm_type const& norm, value x) { return norm(x, shape.norm, shape.norm_eps); }

  template <class Table>
  constexpr value embed(value ids, Table const& table) const {
    value x = table(ids);
    if constexpr (shape.embedding_scale != 1.0F) x = scale(x, shape.embedding_scale);
    if constexpr (shape.zero_start) x = skip_first(x);
    if constexpr (shape.position == position_kind::learned) x = x + positions(positions_of(ids), shape.first_position);
    if constexpr (is_sinusoid(shape.position)) x = x + sinusoid(ids, shape.position, shape.d_model);
    if constexpr (shape.segments > 0) x = x + segments(ids_of(ids.owner(), id_column::segments));
    if constexpr (shape.embedding_norm) x = normed(embedding_norm, x);
    if constexpr (shape.smear_inputs > 0) x = smeared(x);
    return drop(x);
  }

  // x + g·σ(gate of x)·x of the token before.
  constexpr value smeared(value x) const
    requires(shape.smear_inputs > 0)
  {
    call const where = call::current();
    value const gate = reshape(sigmoid(smear_gate(slice(x, 0, shape.smear_inputs))), where);
    return x + shift(x) * gain(gate, smear_gain.in(x, where), 0);
  }

  constexpr value through_blocks(value x, value ids, value const* source) const {
    std::optional<value> biases;
    if constexpr (shape.position == position_kind::relative) biases = relative.weight.in(x, call::current());
    auto const change = [&](value h, value v) { return with_embeddings(ids, h, v); };
    block_surroundings<decltype(change)> const beside{source, biases ? &*biases : nullptr, change};
    value const first = x;
    auto const layer = [&](value y) {
      if constexpr (shape.residual_gains) {
        call const where = call::current();
        y = gain(y, residual_gains.in(y, where)) + gain(first, embedding_gains.in(y, where));
      }
      return blocks.each(y, beside);
    };
    if constexpr (shape.backout)
      return without_halfway(x, layer);
    else
      return repeat(x, shape.layers, layer);
  }

  // The last layer's output less b times that of layer layers/2.
  template <class Layer>
  constexpr value without_halfway(value x, Layer const& layer) const {
    layer_set half;
    half.add(shape.layers / 2);
    auto const [last, halfway] = repeat(carried_values<2>{x, scale(x, 0.0F)}, shape.layers, [&](carried_values<2> in) {
      value const y = layer(in[0]);
      return carried_values<2>{y, in[1] + in_layers(y.owner(), half, [&] { return scale(y, 1.0F); })};
    });
    return last - gain(halfway, backout_gain.in(x, call::current()), 0);
  }

  // v (tokens, kv_heads, head_dim), with a gated embedding of the token in some layers (arXiv:2410.17897).
  constexpr value with_embeddings(value ids, [[maybe_unused]] value h, value v) const {
    if constexpr (shape.value_layers.empty()) {
      return v;
    } else {
      return v + in_layers(ids.owner(), shape.value_layers, [&] {
               auto const& from = value_layers.each;
               value const gate =
                   scale(sigmoid(from.gate(slice(h, 0, shape.value_gate_inputs))), shape.value_gate_limit);
               return split_heads(from.embedding(ids), shape.kv_heads, shape.head_dim, axes::kv_heads) *
                      reshape(gate, call::current(), axis{axes::kv_heads, shape.kv_heads});
             });
    }
  }

  constexpr value to_vocab(value x) const
    requires(has_head || fills_masks)
  {
    if constexpr (shape.tied)
      return tied_logits(x, tokens, head);
    else
      return head(x);
  }
};

/// All parameters of an encoder-decoder model (arXiv:1706.03762): two stacks, of which the decoder's blocks look at the
/// encoder's output.
template <config const& Config, adapter_options Adapters = adapter_options{}>
struct encoder_decoder {
  /// Bidirectional, without a head.
  using encoder_type = transformer<encoder_part<checked<Config>()>, Adapters>;
  /// Causal, with cross-attention in each block.
  using decoder_type = transformer<Config, Adapters>;
  BOOST_HANA_DEFINE_STRUCT(encoder_decoder, (encoder_type, encoder), (decoder_type, decoder));

  /// Logits of the next token (tokens, vocab) after `ids`, for what the encoder reads in `source`.
  constexpr value operator()(value source, value ids) const {
    value const encoded = [&] {
      if constexpr (encoder_type::shape.shared_tokens)
        return encoder.hidden(source, decoder.tokens);
      else
        return encoder.hidden(source, encoder.tokens);
    }();
    return decoder.logits(decoder.hidden(ids, decoder.tokens, &encoded));
  }
};

/// All parameters of `Config`: one stack, or an encoder and a decoder, with or without adapters.
template <config const& Config, adapter_options Adapters = adapter_options{}>
using model_parameters =
    std::conditional_t<has_encoder(Config), encoder_decoder<Config, Adapters>, transformer<Config, Adapters>>;

}  // namespace constformer

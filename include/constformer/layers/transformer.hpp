#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/members.hpp"
#include "constformer/layers/block.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/norm.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// All parameters of one stack, decoder or encoder: embeddings, `layers` equal blocks, and what stands on top.
template <config const& Config>
struct transformer {
  static constexpr config const& shape = checked<Config>();  ///< `Config`, or a stand-in after its error
  /// Ends in logits, by a matrix of its own or tied.
  static constexpr bool has_head = shape.head == head_kind::language_model;

  /// (vocab, d_model).
  using tokens_type = embedding<shape.vocab, shape.d_model>;
  /// (positions, d_model) if positions are learned.
  using positions_type = member_if<shape.position == position_kind::learned, embedding<shape.positions, shape.d_model>>;
  /// (segments, d_model) if there are token types.
  using segments_type = member_if<(shape.segments > 0), embedding<shape.segments, shape.d_model>>;
  /// Over d_model, outside of the blocks.
  using norm_type = norm<shape.d_model, shape.norm_bias>;
  /// On the sum of the embeddings, in post-norm models.
  using embedding_norm_type = member_if<shape.place == norm_place::post, norm_type>;
  /// The stack.
  using blocks_type = repeated<block<checked<Config>()>, shape.layers>;
  /// On the output of the last block, in pre-norm models.
  using final_norm_type = member_if<shape.place == norm_place::pre, norm_type>;
  /// (vocab, d_model) if logits are wanted and the token embedding does not serve as head.
  using head_type = member_if<has_head && !shape.tied, linear<shape.vocab, shape.d_model, false>>;
  /// (d_model, d_model) and bias, for the first token (BERT).
  using pooler_type = member_if<shape.pooler, linear<shape.d_model, shape.d_model, true>>;
  static_assert(!shape.tied || tied_head<shape.vocab, shape.d_model, tokens_type>::value);

  BOOST_HANA_DEFINE_STRUCT(transformer, (tokens_type, tokens), (positions_type, positions), (segments_type, segments),
                           (embedding_norm_type, embedding_norm), (blocks_type, blocks), (final_norm_type, final_norm),
                           (head_type, head), (pooler_type, pooler));
};

}  // namespace constformer

#pragma once

#include "constformer/core/members.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"

namespace constformer {

/// What a layer with value embeddings (arXiv:2410.17897) has besides its block: value (T, kv_heads, head_dim) of head h
/// gets limit·σ(gate[h]·input[:Inputs]) times the token's row of the embedding.
template <int Vocab, int Width, int Heads, int Inputs>
struct value_layer {
  /// (vocab, kv_heads·head_dim).
  using embedding_type = constformer::embedding<Vocab, Width>;
  /// (kv_heads, Inputs).
  using gate_type = linear<Heads, Inputs, false>;
  BOOST_HANA_DEFINE_STRUCT(value_layer, (embedding_type, embedding), (gate_type, gate));
};

}  // namespace constformer

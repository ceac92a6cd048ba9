// Models that drop values while they learn.
#pragma once

#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/rms_norm.hpp"
#include "constformer/layers/trace.hpp"

namespace dropping {

using constformer::value;
inline constexpr int vocab = 11, width = 20;
inline constexpr float p = 0.3F;

/// A table, dropout, and a head: small enough to be worked out by hand.
struct shallow {
  using table_type = constformer::embedding<vocab, width>;
  using head_type = constformer::linear<vocab, width>;
  BOOST_HANA_DEFINE_STRUCT(shallow, (table_type, tokens), (head_type, head));
  constexpr value operator()(value ids) const { return head(dropout(tokens(ids), p)); }
};

/// Drops twice in each of three layers.
struct block {
  using norm_type = constformer::rms_norm<width>;
  using wide_type = constformer::linear<32, width, true>;
  using narrow_type = constformer::linear<width, 32>;
  BOOST_HANA_DEFINE_STRUCT(block, (norm_type, norm), (wide_type, wide), (narrow_type, narrow));
  constexpr value operator()(value x) const { return x + dropout(narrow(dropout(silu(wide(norm(x))), 0.5F)), 0.2F); }
};
struct deep {
  using table_type = constformer::embedding<vocab, width>;
  using blocks_type = constformer::repeated<block, 3>;
  using norm_type = constformer::rms_norm<width>;
  using head_type = constformer::linear<vocab, width>;
  BOOST_HANA_DEFINE_STRUCT(deep, (table_type, tokens), (blocks_type, blocks), (norm_type, norm), (head_type, head));
  constexpr value operator()(value ids) const { return head(norm(blocks(dropout(tokens(ids), 0.1F)))); }
};

}  // namespace dropping

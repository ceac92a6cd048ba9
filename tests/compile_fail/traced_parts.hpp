// What the cases of traced models are made of.
#pragma once

#include "constformer/core/members.hpp"
#include "constformer/execute/program.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/embedding.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/trace.hpp"

namespace traced_parts {

using namespace constformer;

inline constexpr int width = 64, heads = 4, head_dim = 16, vocab = 96;
inline constexpr batch_bounds bounds{.tokens = 32, .sequences = 2, .sources = 32};

/// (rows, heads=4, head_dim=16) of x.
constexpr value by_heads(value x, axis_name name = axes::heads) { return split_heads(x, heads, head_dim, name); }

/// Embeddings, a middle that a case writes, and a tied head.
template <class Middle>
struct around {
  using table_type = embedding<vocab, width>;
  BOOST_HANA_DEFINE_STRUCT(around, (table_type, tokens), (Middle, middle));
  constexpr value operator()(value ids) const { return tied_logits(middle(tokens(ids)), tokens); }
};

}  // namespace traced_parts

#pragma once

#include <algorithm>
#include <cstddef>

#include "constformer/config/kinds.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/columns.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/graph/shape.hpp"

namespace constformer {

namespace detail {

constexpr bool is_column(node const& n, id_column column) {
  return n.kind == node_kind::ids && n.index == static_cast<int>(column);
}

// Ids of a column that the tables have which are looked up by it; `most` if nothing is.
constexpr int smallest_table(graph_view g, id_column column, int most) {
  for (node const& n : g.nodes)
    if (n.kind == node_kind::gather && is_column(g.at(n.inputs[1]), column))
      most = std::min(most, g.at(n.inputs[0]).shape.axes[0].extent - n.index);
  return most;
}

}  // namespace detail

/// Tokens that a pass knows: rows of the tables that it looks them up in.
[[nodiscard]] constexpr int known_tokens(graph_view g) { return detail::smallest_table(g, id_column::tokens, 1 << 30); }

/// Places that a pass knows: rows of the tables that it looks them up in; `most` if it looks up none.
[[nodiscard]] constexpr int known_positions(graph_view g, int most) {
  return detail::smallest_table(g, id_column::positions, most);
}

/// True if all tokens of a sequence see its prefix.
[[nodiscard]] constexpr bool sees_prefix(graph_view g) {
  for (node const& n : g.nodes)
    if (n.kind == node_kind::attention && g.attentions[static_cast<std::size_t>(n.index)].mask == mask_kind::prefix)
      return true;
  return false;
}

/// The node of the hidden states that logits are made of, before any factor; −1: they come from no linear layer.
[[nodiscard]] constexpr int hidden_node(graph_view g) {
  int id = g.result;
  auto const is = [&](node_kind kind) { return g.at(id).kind == kind; };
  while (is(node_kind::softcap) || is(node_kind::scale) || is(node_kind::reshape)) id = g.at(id).inputs[0];
  if (!is(node_kind::linear)) return -1;
  id = g.at(id).inputs[0];
  while (is(node_kind::scale)) id = g.at(id).inputs[0];
  return id;
}

/// True if an encoder reads a source beside the decoder.
[[nodiscard]] constexpr bool reads_source(graph_view g) {
  for (node const& n : g.nodes)
    if (n.kind == node_kind::ids && n.shape.rows == row_kind::source) return true;
  return false;
}

/// The last attention of tokens to a source; −1: there is none.
[[nodiscard]] constexpr int source_look(graph_view g) {
  int last = -1;
  for (int id = 0; id < g.size(); ++id)
    if (node const& n = g.at(id); n.kind == node_kind::attention && n.shape.rows == row_kind::token &&
                                  g.at(n.inputs[1]).shape.rows == row_kind::source)
      last = id;
  return last;
}

/// The last layer in which a node runs.
[[nodiscard]] constexpr int last_layer(graph_view g, node const& n) {
  int layer = n.loop < 0 ? 0 : g.loops[static_cast<std::size_t>(n.loop)].layers - 1;
  while (n.only >= 0 && layer > 0 && !g.sets[static_cast<std::size_t>(n.only)].contains(layer)) --layer;
  return layer;
}

/// Rows of the tables in which a source is looked up; `most` if there is none.
[[nodiscard]] constexpr int known_source_tokens(graph_view g) {
  return detail::smallest_table(g, id_column::source, 1 << 30);
}
/// The same of the places of a source.
[[nodiscard]] constexpr int known_source_positions(graph_view g, int most) {
  return detail::smallest_table(g, id_column::source_positions, most);
}

/// Why a forward pass cannot go on token by token, with the place of the call in the model's code; empty if it can. A
/// source is read once, before.
[[nodiscard]] constexpr message decoder_misfit(graph_view g) {
  graph said;
  value_shape const& result = g.at(g.result).shape;
  if (result.rows != row_kind::token || result.rank != 1)
    said.fail(g.at(g.result).where,
              format_message("session: the model gives {}, a decoder gives (tokens, vocab)", describe(result)));
  for (node const& n : g.nodes) {
    if (n.kind == node_kind::attention && g.at(n.inputs[1]).shape.rows != row_kind::source &&
        g.attentions[static_cast<std::size_t>(n.index)].mask == mask_kind::bidirectional)
      said.fail(n.where, format_message("session: attention sees tokens that come later, a decoder's does not"));
    if (n.kind == node_kind::first_row)
      said.fail(n.where, format_message("session: the first row of a sequence is read, which may be long gone"));
  }
  return said.misfit;
}

}  // namespace constformer

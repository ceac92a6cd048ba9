#pragma once

#include <array>
#include <cstddef>

#include "constformer/graph/node.hpp"
#include "constformer/passes/lower/lowering.hpp"

namespace constformer::detail {

/// What stands between a linear layer and one input of attention.
struct head_chain {
  int linear = -1;          ///< the layer
  int norm = -1;            ///< norms each head; −1: none does
  int rope = -1;            ///< rotates heads; −1: none does
  bool norms_last = false;  ///< the norm reads what the rotation gives
};

/// Goes back from input i of attention node `id`; what it meets that is none of these stays the chain's `linear`.
constexpr head_chain chain_of(lowering const& l, int id, std::size_t i) {
  head_chain chain;
  int at = l.input(id, i);
  for (; l.at(at).kind == node_kind::rope || l.at(at).kind == node_kind::rms_norm; at = l.input(at)) {
    bool const rotates = l.at(at).kind == node_kind::rope;
    if ((rotates ? chain.rope : chain.norm) >= 0 || l.sole_reader(at) < 0) break;
    if (rotates) chain.norms_last = chain.norm >= 0;
    (rotates ? chain.rope : chain.norm) = at;
  }
  chain.linear = at;
  return chain;
}

/// Why three chains are not one matrix and heads before attention; empty if they are.
constexpr std::string_view projection_misfit(lowering const& l, std::array<head_chain, 3> const& chains) {
  auto const& [q, k, v] = chains;
  for (head_chain const& chain : chains) {
    node const& n = l.at(chain.linear);
    if (n.kind != node_kind::linear || l.sole_reader(chain.linear) < 0)
      return "attention reads heads that do not come from linear layers of their own, normed and rotated at most";
    if (l.input(chain.linear) != l.input(q.linear)) return "query, key and value of attention read different values";
    if ((n.inputs[2] >= 0) != (l.at(q.linear).inputs[2] >= 0))
      return "query, key and value of attention have not all a bias";
  }
  if (v.norm >= 0 || v.rope >= 0) return "values of attention are normed or rotated";
  if ((q.norm >= 0) != (k.norm >= 0) || (q.rope >= 0) != (k.rope >= 0) || q.norms_last != k.norms_last)
    return "queries and keys of attention are not normed and rotated alike";
  auto const rotation = [&](head_chain const& c) { return static_cast<std::size_t>(l.at(c.rope).index); };
  if (q.rope >= 0 && l.graph.rotations[rotation(q)] != l.graph.rotations[rotation(k)])
    return "queries and keys of attention rotate differently";
  return {};
}

/// Query, key and value become one matrix, and norms, rotation, cache and attention of their heads one phase.
constexpr void merge_projections(lowering& l) {
  for (int id = 0; id < l.graph.size(); ++id) {
    if (l.at(id).kind != node_kind::attention) continue;
    std::array<head_chain, 3> const chains{chain_of(l, id, 0), chain_of(l, id, 1), chain_of(l, id, 2)};
    if (auto const why = projection_misfit(l, chains); !why.empty()) return l.fail(id, why);
    auto const& [q, k, v] = chains;
    int last = q.linear;
    for (head_chain const& chain : chains) last = chain.linear > last ? chain.linear : last;
    int const product = l.add(phase_kind::product, last);
    l.of(product).input = l.input(q.linear);
    l.of(product).matrices = {q.linear, k.linear, v.linear};
    int const attend = l.add(phase_kind::attend, id);
    l.of(attend).input = last;
    l.of(attend).heads = {q.norm, k.norm, q.norms_last, q.rope < 0 ? -1 : l.at(q.rope).index};
    for (head_chain const& chain : chains) {
      l.claim(chain.linear, product);
      for (int between : {chain.norm, chain.rope})
        if (between >= 0) l.claim(between, attend);
    }
  }
}

}  // namespace constformer::detail

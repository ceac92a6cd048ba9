#pragma once

#include "constformer/graph/node.hpp"
#include "constformer/passes/lower/lowering.hpp"

namespace constformer::detail {

/// Takes the node that reads a product, if it is one that can be done while sums are in registers.
constexpr bool fold_next(lowering& l, int index) {
  phase& p = l.of(index);
  int const next = l.sole_reader(p.out);
  if (next < 0 || l.owner(next) >= 0 || l.at(next).loop != p.loop || p.finish.kind != finish_kind::store) return false;
  node const& n = l.at(next);
  bool const scaled = p.finish.scale != 1.0F;
  if (n.kind == node_kind::softcap) {
    p.finish.kind = finish_kind::capped;
    p.finish.cap = n.factor;
  } else if (n.kind == node_kind::activation && !scaled) {
    p.finish.kind = finish_kind::activate;
    p.finish.activation = n.index;
  } else if (n.kind == node_kind::add && !scaled) {
    int addend = l.input(next, l.input(next, 0) == p.out ? 1 : 0);
    if (addend == p.out) return false;
    p.finish.kind = finish_kind::add;
    if (node const& before = l.at(addend); before.kind == node_kind::scale && l.sole_reader(addend) == next) {
      p.finish.kept = before.factor;
      l.claim(addend, index);
      addend = l.input(addend);
    }
    p.finish.addend = addend;
  } else {
    return false;
  }
  l.claim(next, index);
  p.out = next;
  return true;
}

/// Linear layers that are part of nothing yet become products of their own.
constexpr void take_linears(lowering& l) {
  for (int id = 0; id < l.graph.size(); ++id) {
    if (l.at(id).kind != node_kind::linear || l.owner(id) >= 0) continue;
    int const index = l.add(phase_kind::product, id);
    l.of(index).input = l.input(id);
    l.of(index).matrices[0] = id;
  }
}

/// Activations, caps and residual additions are done by the product before them: its sums are in registers then.
constexpr void fold_finishes(lowering& l) {
  for (int index = 0; index < static_cast<int>(l.phases.size()); ++index)
    if (phase const& p = l.of(index); p.kind == phase_kind::product && p.matrices[1] < 0)
      while (fold_next(l, index)) continue;
}

}  // namespace constformer::detail

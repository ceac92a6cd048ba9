#pragma once

#include "constformer/graph/node.hpp"
#include "constformer/passes/lower/lowering.hpp"

namespace constformer::detail {

/// What f(gate)·up is made of; gate −1: nothing of that kind.
struct gate_parts {
  int activation = -1;  ///< the node f(gate)
  int gate = -1;        ///< a linear layer
  int up = -1;          ///< a linear layer beside it
};

/// Those of the product of `open` and `wide`.
constexpr gate_parts gate_of(lowering const& l, int open, int wide) {
  if (l.at(open).kind != node_kind::activation || l.at(wide).kind != node_kind::linear) return {};
  int const gate = l.input(open);
  if (l.at(gate).kind != node_kind::linear || l.input(gate) != l.input(wide)) return {};
  for (int id : {open, gate, wide})
    if (l.sole_reader(id) < 0 || l.owner(id) >= 0) return {};
  if ((l.at(gate).inputs[2] >= 0) != (l.at(wide).inputs[2] >= 0)) return {};
  return {open, gate, wide};
}

/// f(gate)·up of two linear layers of one value becomes one product: a panel of gate, then one of up, and so on, so
/// that the worker that has the one has the other.
constexpr void weave_gates(lowering& l) {
  for (int id = 0; id < l.graph.size(); ++id) {
    if (l.at(id).kind != node_kind::multiply || l.at(id).shape != l.at(l.at(id).inputs[1]).shape) continue;
    int const one = l.input(id, 0), other = l.input(id, 1);
    gate_parts parts = gate_of(l, one, other);
    if (parts.gate < 0) parts = gate_of(l, other, one);
    if (parts.gate < 0) continue;
    int const index = l.add(phase_kind::product, id);
    for (int claimed : {parts.activation, parts.gate, parts.up}) l.claim(claimed, index);
    phase& p = l.of(index);
    p.input = l.input(parts.up);
    p.matrices = {parts.gate, parts.up, -1};
    p.in_turn = true;
    p.finish = {.kind = finish_kind::gate, .activation = l.at(parts.activation).index};
  }
}

}  // namespace constformer::detail

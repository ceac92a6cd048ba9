#pragma once

#include <cstddef>

#include "constformer/graph/loops.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/passes/lower/fold_inputs.hpp"
#include "constformer/passes/lower/lowering.hpp"

namespace constformer::detail {

/// True of nodes that a phase of rows computes.
constexpr bool is_row_step(node const& n) {
  switch (n.kind) {
    case node_kind::gather:
    case node_kind::scale:
    case node_kind::skip_first:
    case node_kind::add: return true;
    default: return norms_rows(n);
  }
}

/// True of nodes that a step looks up instead of reading their value: rows of a table, if it alone reads them.
constexpr bool is_looked_up(lowering const& l, int id) {
  return l.at(id).kind == node_kind::gather && l.sole_reader(id) >= 0;
}

/// The input of step `id` that is not `before`; −1: there is none.
constexpr int operand_of(lowering const& l, int id, int before) {
  if (l.at(id).kind != node_kind::add) return -1;
  return l.input(id, l.input(id, 0) == before ? 1 : 0);
}

/// Goes on with what reads the last step of a phase of rows, if it is a step, too.
constexpr bool chain_next(lowering& l, int index, std::size_t& steps) {
  phase& p = l.of(index);
  int const next = l.sole_reader(p.out);
  if (next < 0 || steps == phase::most_steps || l.owner(next) >= 0 || !is_row_step(l.at(next))) return false;
  if (l.at(next).loop != p.loop || l.at(next).kind == node_kind::gather) return false;
  int const operand = operand_of(l, next, p.out);
  bool const made = operand < 0 || l.owner(operand) >= 0 || !computes(l.at(operand));
  if (!made && !is_looked_up(l, operand)) return false;
  if (!made) l.claim(operand, index);
  l.claim(next, index);
  p.steps[steps++] = next;
  p.out = next;
  return true;
}

/// What no product has taken is done row by row: embeddings, norms of the stream, norms before a residual addition. A
/// node that no phase can compute is a misfit.
constexpr void chain_rows(lowering& l) {
  for (int id = 0; id < l.graph.size(); ++id) {
    node const& n = l.at(id);
    if (l.owner(id) >= 0 || !computes(n) || l.is_view(id) || n.kind == node_kind::wanted_rows) continue;
    if (!is_row_step(n)) return l.fail(id, "no phase computes this operation");
    if (is_looked_up(l, id) && l.at(l.sole_reader(id)).kind == node_kind::add && l.input(l.sole_reader(id), 0) != id)
      continue;  // the other operand of an addition, which takes it
    int const index = l.add(phase_kind::rows, id);
    l.of(index).steps[0] = id;
    if (n.kind != node_kind::gather) l.of(index).input = l.input(id);
    std::size_t steps = 1;
    while (chain_next(l, index, steps)) continue;
  }
}

}  // namespace constformer::detail

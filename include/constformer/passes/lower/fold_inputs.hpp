#pragma once

#include "constformer/graph/node.hpp"
#include "constformer/passes/lower/lowering.hpp"

namespace constformer::detail {

/// True of nodes that norm whole rows.
constexpr bool norms_rows(node const& n) {
  bool const norms =
      n.kind == node_kind::rms_norm || n.kind == node_kind::layer_norm || n.kind == node_kind::deviation_norm;
  return norms && n.shape.rank == 1;
}

/// Whether value `id` is read by linear layers of phase `index` alone.
constexpr bool is_input_of(lowering const& l, int id, int index) {
  bool all = id != l.source(l.graph.result);
  l.each_reader(id,
                [&](int reader) { all = all && l.owner(reader) == index && l.at(reader).kind == node_kind::linear; });
  return all;
}

/// The norm before a product becomes part of it: a single row is normed by every worker for itself. A factor before it
/// becomes one of its sums.
constexpr void fold_inputs(lowering& l) {
  for (int index = 0; index < static_cast<int>(l.phases.size()); ++index) {
    phase& p = l.of(index);
    if (p.kind != phase_kind::product) continue;
    auto const takes = [&] {
      return l.owner(p.input) < 0 && l.at(p.input).loop == p.loop && is_input_of(l, p.input, index);
    };
    auto const take = [&] {
      l.claim(p.input, index);
      p.input = l.input(p.input);
    };
    bool const sums = p.finish.kind == finish_kind::store || p.finish.kind == finish_kind::capped;
    if (l.at(p.input).kind == node_kind::scale && sums && takes()) {
      p.finish.scale *= l.at(p.input).factor;
      take();
      if (norms_rows(l.at(p.input)) && l.sole_reader(p.input) >= 0 && l.owner(p.input) < 0) {
        p.norm = p.input;
        take();
      }
    } else if (norms_rows(l.at(p.input)) && takes()) {
      p.norm = p.input;
      take();
    }
  }
}

}  // namespace constformer::detail

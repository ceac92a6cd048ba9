#pragma once

#include <cstddef>
#include <vector>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/passes/lower/lowering.hpp"
#include "constformer/passes/plan_activations.hpp"

namespace constformer::detail {

/// How workers share a value that a phase reads or writes.
struct access {
  activation_place where{};  ///< of the value
  bool writes = false;       ///< or reads
  int parts = 0;             ///< 0: any worker any part; equal numbers: each worker the same part
};

/// Which parts workers have of the rows of a phase, and of the panels of a product.
inline constexpr int by_rows = 1;
constexpr int by_panels(lowering const& l, phase const& p) {
  return 2 + 2 * padded(columns_of(l, p)) / panel_rows + (p.in_turn ? 1 : 0);
}

/// Where rows are normed that a product then reads whole: one place for all.
inline constexpr activation_place normed_place{1 << 30, 1};

/// What a phase reads and writes.
constexpr std::vector<access> accesses_of(lowering const& l, activation_planner const& plan, phase const& p) {
  bool const rows = p.kind == phase_kind::rows, product = p.kind == phase_kind::product;
  int const own = rows ? by_rows : product ? by_panels(l, p) : 0;
  std::vector<access> all{{plan.place(p.out), true, own}};
  if (p.input >= 0) all.push_back({plan.place(p.input), false, rows ? by_rows : 0});
  if (p.norm >= 0) all.push_back({normed_place, true, 0});
  if (p.finish.addend >= 0) all.push_back({plan.place(p.finish.addend), false, own});
  for (int step : p.steps)
    for (std::size_t i = 0; step >= 0 && i < 2; ++i)
      if (l.at(step).inputs[i] >= 0) all.push_back({plan.place(l.input(step, i)), false, by_rows});
  return all;
}

/// Whether one worker's first access and another's second must not happen at once.
constexpr bool collide(access const& a, access const& b) {
  if (a.where.before < 0 || b.where.before < 0 || !(a.writes || b.writes)) return false;
  if (a.where == b.where && a.parts == b.parts && a.parts > 0) return false;
  return a.where.before < b.where.before + b.where.stride && b.where.before < a.where.before + a.where.stride;
}

/// Workers meet before a phase only if it reads what another worker wrote since they met last, or writes what another
/// may still read. Loops are gone through twice: what an iteration ends with meets what the next one begins with.
constexpr void place_barriers(lowering& l, activation_planner const& plan) {
  std::vector<access> since;
  auto const visit = [&](phase& p) {
    std::vector<access> const mine = accesses_of(l, plan, p);
    bool meets = p.meets;
    for (access const& a : since)
      for (access const& b : mine) meets = meets || collide(a, b);
    p.meets = meets;
    if (meets) since.clear();
    since.insert(since.end(), mine.begin(), mine.end());
  };
  for (std::size_t begin = 0, end = 0; begin < l.phases.size(); begin = end) {
    while (end < l.phases.size() && l.phases[end].loop == l.phases[begin].loop) ++end;
    for (int time = 0; time < (l.phases[begin].loop < 0 ? 1 : 2); ++time)
      for (std::size_t i = begin; i < end; ++i) visit(l.phases[i]);
  }
}

}  // namespace constformer::detail

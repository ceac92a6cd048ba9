#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "constformer/passes/lower/lowering.hpp"

namespace constformer::detail {

/// True if phase `p` reads value `id`.
constexpr bool reads(lowering const& l, phase const& p, int id) {
  if (p.input == id || p.finish.addend == id) return true;
  for (int step : p.steps)
    for (std::size_t i = 0; step >= 0 && i < 2; ++i)
      if (l.at(step).inputs[i] >= 0 && l.input(step, i) == id) return true;
  return false;
}

/// Phases come in the order of the nodes that they give. One that adds to a value waits until its sum is read: what
/// reads the value before comes first, so that the sum can lie where the value lay (two halves of a block that both
/// read the stream).
constexpr void order_phases(lowering& l) {
  std::vector<phase>& all = l.phases;
  for (std::size_t i = 1; i < all.size(); ++i)
    for (std::size_t j = i; j > 0 && all[j].out < all[j - 1].out; --j) std::swap(all[j], all[j - 1]);
  for (std::size_t i = all.size(); i-- > 0;) {
    if (all[i].finish.addend < 0) continue;
    std::size_t at = i;
    while (at + 1 < all.size() && all[at + 1].loop == all[i].loop && !reads(l, all[at + 1], all[i].out)) ++at;
    for (std::size_t j = i; j < at; ++j) std::swap(all[j], all[j + 1]);
  }
}

}  // namespace constformer::detail

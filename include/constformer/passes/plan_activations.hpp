#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/graph.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/passes/lower/lowering.hpp"
#include "constformer/passes/lower/order_phases.hpp"
#include "constformer/passes/lower/phase.hpp"

namespace constformer {

/// Where a value lies while phases run: rows side by side, `stride` floats apart, behind `before` columns of as many
/// rows as a pass may have.
struct activation_place {
  int before = -1;  ///< columns of all rows that lie before it; −1: it does not lie in the arena
  int stride = 0;   ///< floats from row to row
  bool operator==(activation_place const&) const = default;
};

namespace detail {

/// Columns of what a phase gives: of several matrices, those of all.
constexpr int columns_of(lowering const& l, phase const& p) {
  node const& n = l.at(p.out);
  if (p.kind == phase_kind::attend)  // without the log-sum-exps
    return l.at(n.inputs[0]).shape.axes[0].extent * l.at(n.inputs[2]).shape.last().extent;
  if (p.kind != phase_kind::product || p.in_turn) return n.shape.columns();
  int columns = 0;
  for (int matrix : p.matrices)
    if (matrix >= 0) columns += l.at(matrix).shape.columns();
  return columns;
}

/// Gives every value that a phase leaves a place in memory, by first fit over the phases in which it lives. A sum lies
/// where what it adds to lay, if nobody reads that any more: so a residual stream stays in one place.
class activation_planner {
 public:
  constexpr explicit activation_planner(lowering const& l)
      : l_(l), buffer_(static_cast<std::size_t>(l.graph.size()), none) {}

  constexpr void run() {
    for (int k = 0; k < count(); ++k) take(k);
    for (int k = 0; k < count(); ++k) see_reads(k);
    for (int id = 0; id < l_.graph.size(); ++id) judge_carry(id);
    fit();
  }

  /// Of a value; behind no columns if it does not lie in the arena.
  [[nodiscard]] constexpr activation_place place(int id) const {
    int const b = buffer(id);
    if (b < 0) return {};
    return {buffers_[static_cast<std::size_t>(b)].before, buffers_[static_cast<std::size_t>(b)].stride};
  }
  /// Columns of all places.
  [[nodiscard]] constexpr int columns() const { return columns_; }
  /// Why there is no plan.
  [[nodiscard]] constexpr message const& misfit() const { return misfit_; }

 private:
  static constexpr int none = -1;
  struct lifetime {
    int stride = 0;
    int first = 0;  // phase
    int last = 0;   // phase
    int loop = -1;  // of the phase that writes it first
    int before = -1;
  };

  [[nodiscard]] constexpr int count() const { return static_cast<int>(l_.phases.size()); }
  [[nodiscard]] constexpr phase const& at(int k) const { return l_.phases[static_cast<std::size_t>(k)]; }

  // The buffer of a value, or of what stands for it.
  [[nodiscard]] constexpr int buffer(int id) const {
    for (; id >= 0; id = l_.input(id)) {
      node_kind const kind = l_.at(id).kind;
      bool const stands = kind == node_kind::carry_in || kind == node_kind::carry_out || kind == node_kind::wanted_rows;
      if (!stands) return buffer_[static_cast<std::size_t>(id)];
    }
    return none;
  }

  // Whether what phase k gives may lie where value `id` does.
  [[nodiscard]] constexpr bool may_replace(int k, int id) const {
    if (id < 0 || buffer(id) < 0 || l_.at(id).loop != at(k).loop) return false;
    if (at(k).kind == phase_kind::product && at(k).input == id) return false;
    if (padded(l_.at(id).shape.columns()) != padded(columns_of(l_, at(k)))) return false;
    for (int later = k + 1; later < count(); ++later)
      if (reads(l_, at(later), id)) return false;
    return true;
  }

  // The value whose place phase k takes over; −1: none.
  [[nodiscard]] constexpr int replaced(int k) const {
    phase const& p = at(k);
    if (p.kind == phase_kind::product) return may_replace(k, p.finish.addend) ? p.finish.addend : none;
    if (p.kind != phase_kind::rows) return none;
    int last = none;
    for (int step : p.steps) last = step >= 0 ? step : last;
    if (l_.at(last).kind == node_kind::add)
      for (std::size_t i : {std::size_t{0}, std::size_t{1}})
        if (int const id = l_.input(last, i); l_.owner(id) != l_.owner(last) && may_replace(k, id)) return id;
    return may_replace(k, p.input) ? p.input : none;
  }

  constexpr void take(int k) {
    phase const& p = at(k);
    if (p.out == l_.source(l_.graph.result)) return;  // goes to the caller
    int& mine = buffer_[static_cast<std::size_t>(p.out)];
    if (int const id = replaced(k); id >= 0) {
      mine = buffer(id);
    } else {
      if (p.finish.kind == finish_kind::add) fail(p.out, "what is added to is read later, and a sum takes its place");
      mine = static_cast<int>(buffers_.size());
      buffers_.push_back({.stride = padded(columns_of(l_, p)), .first = k, .last = k, .loop = p.loop});
    }
    use(mine, k);
  }

  // Phase k reads or writes a buffer. What lies outside of its loop lives as long as that.
  constexpr void use(int b, int k) {
    if (b < 0) return;
    lifetime& of = buffers_[static_cast<std::size_t>(b)];
    of.last = std::max(of.last, k);
    if (at(k).loop < 0 || of.loop == at(k).loop) return;
    for (int other = k; other < count() && at(other).loop == at(k).loop; ++other) of.last = std::max(of.last, other);
  }

  constexpr void see_reads(int k) {
    for (int id = 0; id < l_.graph.size(); ++id)
      if (reads(l_, at(k), id)) use(buffer(id), k);
  }

  // What a loop carries stays in one place.
  constexpr void judge_carry(int id) {
    node const& n = l_.at(id);
    if (n.kind != node_kind::carry_out || buffer(n.inputs[0]) == buffer(n.inputs[1])) return;
    fail(l_.source(n.inputs[0]), "what a layer ends with does not lie where what it began with lay");
  }

  constexpr void fail(int id, std::string_view why) {
    if (!misfit_.empty()) return;
    lowering said = l_;
    said.misfit = {};
    said.fail(id, why);
    misfit_ = said.misfit;
  }

  constexpr void fit() {
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
      lifetime& mine = buffers_[i];
      for (mine.before = 0; int const next = taken_until(i);) mine.before = next;
      columns_ = std::max(columns_, mine.before + mine.stride);
    }
  }
  // Where a buffer ends that lies in the way of buffer i; 0: none does.
  [[nodiscard]] constexpr int taken_until(std::size_t i) const {
    lifetime const& mine = buffers_[i];
    for (std::size_t j = 0; j < i; ++j) {
      lifetime const& other = buffers_[j];
      bool const together = other.first <= mine.last && mine.first <= other.last;
      bool const overlap = other.before < mine.before + mine.stride && mine.before < other.before + other.stride;
      if (together && overlap) return other.before + other.stride;
    }
    return 0;
  }

  lowering const& l_;
  std::vector<int> buffer_;  // by node
  std::vector<lifetime> buffers_;
  int columns_ = 0;
  message misfit_;
};

}  // namespace detail

}  // namespace constformer

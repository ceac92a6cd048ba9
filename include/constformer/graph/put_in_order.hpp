#pragma once

#include <cstddef>
#include <vector>

#include "constformer/graph/graph.hpp"

namespace constformer {

namespace detail {

/// Copies what a result needs, inputs before what reads them, each node's inputs in their order.
class ordering {
 public:
  constexpr explicit ordering(graph const& from) : from_(from), moved_(from.nodes.size(), -1) {}

  constexpr graph run() {
    visit(from_.result, -1);
    out_.result = moved(from_.result);
    out_.misfit = from_.misfit;
    out_.attentions = from_.attentions;
    out_.rotations = from_.rotations;
    out_.sets = from_.sets;
    out_.slopes = from_.slopes;
    out_.tables = from_.tables;
    out_.learns = from_.learns;
    out_.frozen = from_.frozen;
    return static_cast<graph&&>(out_);
  }

 private:
  constexpr int& moved(int id) { return moved_[static_cast<std::size_t>(id)]; }

  // Copies node `id` and what it needs within loop `within`; what is outside is there already.
  constexpr void visit(int id, int within) {
    if (id < 0 || moved(id) >= 0) return;
    node const& n = from_.at(id);
    if (n.loop != within) return;
    if (n.kind == node_kind::carry_out) {
      copy_loop(from_.at(n.inputs[1]).loop);
      return;
    }
    for (int input : n.inputs) visit(input, within);
    copy(id);
  }

  constexpr void copy(int id) {
    node n = from_.at(id);
    for (int& input : n.inputs)
      if (input >= 0) input = moved(input);
    out_.open_set = n.only;
    moved(id) = out_.push(n);
    out_.open_set = -1;
  }

  // All of a loop: what it reads of outside, its body, and what it gives.
  constexpr void copy_loop(int index) {
    loop const& body = from_.loops[static_cast<std::size_t>(index)];
    std::vector<int> ends;
    for (int i = body.end; i < static_cast<int>(from_.nodes.size()); ++i) {
      node const& n = from_.at(i);
      if (n.kind == node_kind::carry_out && from_.at(n.inputs[1]).loop == index) ends.push_back(i);
    }
    for (int end : ends) visit(from_.at(from_.at(end).inputs[1]).inputs[0], body_parent);
    std::vector<int> seen(from_.nodes.size(), 0);  // bits of libstdc++ 12 are no constants to clang 19
    for (int end : ends) visit_outside(from_.at(end).inputs[0], index, seen);
    out_.loops.push_back(
        {.layers = body.layers, .begin = static_cast<int>(out_.nodes.size()), .end = 0, .reverses = body.reverses});
    out_.open_loop = static_cast<int>(out_.loops.size()) - 1;
    for (int end : ends) copy(from_.at(end).inputs[1]);
    for (int end : ends) visit(from_.at(end).inputs[0], index);
    out_.loops.back().end = static_cast<int>(out_.nodes.size());
    out_.open_loop = -1;
    for (int end : ends) copy(end);
  }

  // Copies what the body of loop `index` reads from outside of it.
  constexpr void visit_outside(int id, int index, std::vector<int>& seen) {
    if (id < 0 || seen[static_cast<std::size_t>(id)]) return;
    seen[static_cast<std::size_t>(id)] = true;
    node const& n = from_.at(id);
    if (n.loop != index) return visit(id, body_parent);
    if (n.kind == node_kind::carry_in) return;
    for (int input : n.inputs) visit_outside(input, index, seen);
  }

  static constexpr int body_parent = -1;  // loops are not within loops

  graph const& from_;
  graph out_;
  std::vector<int> moved_;  // by old id: the new one; −1: not yet
};

}  // namespace detail

/// The same pass without what its result does not need, and in an order that does not depend on the one in which a
/// compiler evaluates the arguments of a call: a graph is one value, whoever traced it.
[[nodiscard]] constexpr graph put_in_order(graph const& g) { return detail::ordering(g).run(); }

}  // namespace constformer

#pragma once

#include <cstddef>
#include <vector>

#include "constformer/graph/graph.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/graph/shape.hpp"

namespace constformer {

namespace detail {

/// True of operations whose rows come from the same rows of their inputs, and from parameters.
constexpr bool keeps_to_rows(node_kind kind) {
  switch (kind) {
    case node_kind::add:
    case node_kind::multiply:
    case node_kind::subtract:
    case node_kind::scale:
    case node_kind::activation:
    case node_kind::copy:
    case node_kind::dropout:
    case node_kind::softcap:
    case node_kind::gain:
    case node_kind::pointwise:
    case node_kind::keep_top:
    case node_kind::top_indices:
    case node_kind::take:
    case node_kind::concatenate:
    case node_kind::swap:
    case node_kind::spread:
    case node_kind::fold:
    case node_kind::stretch:
    case node_kind::inner_sum:
    case node_kind::linear:
    case node_kind::rms_norm:
    case node_kind::layer_norm:
    case node_kind::deviation_norm:
    case node_kind::softmax:
    case node_kind::slice:
    case node_kind::reshape:
    case node_kind::stop: return true;
    default: return false;
  }
}

/// Makes of the end of a pass, as far as it keeps to rows, one over wanted rows alone.
class wanted_pass {
 public:
  constexpr explicit wanted_pass(graph const& from)
      : from_(from), ends_(from.nodes.size(), 0), moved_(from.nodes.size(), -1), picked_(from.nodes.size(), -1) {}

  constexpr graph run() {
    find_end();
    out_ = from_;
    out_.nodes.clear();
    for (loop& l : out_.loops) l.begin = l.end = -1;
    for (int i = 0; i < static_cast<int>(from_.nodes.size()); ++i) copy(i);
    out_.result = is_end(from_.result) ? moved(from_.result) : picked(from_.result);
    return static_cast<graph&&>(out_);
  }

 private:
  constexpr bool is_end(int id) const { return ends_[static_cast<std::size_t>(id)] != 0; }
  constexpr int& moved(int id) { return moved_[static_cast<std::size_t>(id)]; }

  // Nodes outside of loops that nobody reads but others of them.
  constexpr void find_end() {
    for (int i = static_cast<int>(from_.nodes.size()) - 1; i >= 0; --i) {
      node const& n = from_.at(i);
      bool end = n.loop < 0 && n.shape.rows == row_kind::token && keeps_to_rows(n.kind);
      for (int user = i + 1; user < static_cast<int>(from_.nodes.size()); ++user)
        for (int input : from_.at(user).inputs) end = end && (input != i || is_end(user));
      ends_[static_cast<std::size_t>(i)] = end ? 1 : 0;
    }
  }

  // The wanted rows of node `id`, which is none of the end.
  constexpr int picked(int id) {
    int& made = picked_[static_cast<std::size_t>(id)];
    if (made >= 0) return made;
    node n{.kind = node_kind::wanted_rows, .shape = from_.at(id).shape, .where = from_.at(id).where};
    n.shape.rows = row_kind::wanted;
    n.inputs[0] = moved(id);
    out_.nodes.push_back(n);
    made = static_cast<int>(out_.nodes.size()) - 1;
    return made;
  }

  constexpr void copy(int id) {
    node n = from_.at(id);
    for (int& input : n.inputs) {
      if (input < 0) continue;
      bool const enters = is_end(id) && !is_end(input) && from_.at(input).shape.rows == row_kind::token;
      input = enters ? picked(input) : moved(input);
    }
    if (is_end(id)) n.shape.rows = row_kind::wanted;
    out_.nodes.push_back(n);
    moved(id) = static_cast<int>(out_.nodes.size()) - 1;
    if (n.loop < 0) return;
    loop& within = out_.loops[static_cast<std::size_t>(n.loop)];
    if (within.begin < 0) within.begin = moved(id);
    within.end = moved(id) + 1;
  }

  graph const& from_;
  graph out_;
  std::vector<int> ends_;    // by old id: 1 of nodes over wanted rows
  std::vector<int> moved_;   // by old id: the new one
  std::vector<int> picked_;  // by old id: the node with its wanted rows; −1: none yet
};

}  // namespace detail

/// The same pass, whose result, (tokens, …), has the rows alone that are asked for: a head's logits of the last token,
/// say, and not of a whole prompt.
[[nodiscard]] constexpr graph only_wanted(graph const& g) { return detail::wanted_pass(g).run(); }

}  // namespace constformer

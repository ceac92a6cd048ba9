#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace constformer::detail {

/// The tokens of all hypotheses: each is a node that knows the one before, so that beams share what they have in
/// common.
class trellis {
 public:
  static constexpr int root = -1;  ///< before the first token

  /// Room for that many tokens; memory that is never written is never taken.
  explicit trellis(std::size_t most) { nodes_.reserve(most); }

  void clear() { nodes_.clear(); }

  int add(int parent, int id) {
    nodes_.push_back({parent, id, length(parent) + 1});
    return static_cast<int>(nodes_.size()) - 1;
  }

  [[nodiscard]] int id(int node) const { return nodes_[static_cast<std::size_t>(node)].id; }
  [[nodiscard]] int parent(int node) const { return nodes_[static_cast<std::size_t>(node)].parent; }
  [[nodiscard]] int length(int node) const { return node == root ? 0 : nodes_[static_cast<std::size_t>(node)].length; }

  /// The last tokens of the path to `node`, as many as `out` has room for.
  void write_path(int node, std::span<int> out) const {
    for (std::size_t i = out.size(); i > 0; --i, node = parent(node)) out[i - 1] = id(node);
  }

 private:
  struct entry {
    int parent, id, length;
  };
  std::vector<entry> nodes_;
};

}  // namespace constformer::detail

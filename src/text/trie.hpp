#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/table.hpp"

namespace constformer::text {

/// A byte trie in level order, so that the children of a node lie together and are sorted: 9 bytes a node.
///
/// In a blob: u32 nodes; u32 first_child[nodes + 1]; u32 value[nodes] (value + 1, 0: none); u8 label[nodes].
class trie {
 public:
  trie() = default;
  /// Throws `error` if the parts do not fit in `bytes`; an empty span is an empty trie.
  explicit trie(std::span<std::byte const> bytes);

  [[nodiscard]] bool empty() const { return label_.size() == 0; }

  static constexpr std::uint32_t root = 0;
  static constexpr std::uint32_t nowhere = 0xFFFFFFFFu;

  /// The node behind `byte`, or nowhere.
  [[nodiscard]] std::uint32_t child(std::uint32_t node, char byte) const;

  /// The value that ends in this node.
  [[nodiscard]] std::optional<std::uint32_t> value(std::uint32_t node) const {
    std::uint32_t const stored = value_[node];
    return stored == 0 ? std::nullopt : std::optional(stored - 1);
  }

  /// A match at the start of a text.
  struct match {
    std::size_t size = 0;  ///< bytes; 0 if nothing matched
    std::uint32_t value = 0;
  };

  /// The longest key that `text` starts with.
  [[nodiscard]] match longest(std::string_view text) const;

 private:
  table<std::uint32_t> first_, value_;
  table<std::uint8_t> label_;
};

/// Serialises a trie of `keys`; of equal keys the first is kept, empty ones are left out.
std::vector<std::byte> build_trie(std::vector<std::pair<std::string, std::uint32_t>> keys);

}  // namespace constformer::text

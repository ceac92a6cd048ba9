#include "text/trie.hpp"

namespace constformer::text {

trie::trie(std::span<std::byte const> bytes) {
  if (bytes.empty()) return;
  if (bytes.size() < 4) throw_damaged("a trie");
  std::uint64_t const nodes = table<std::uint32_t>(bytes.first(4), "a trie")[0];
  if (nodes == 0 || bytes.size() < 4 + 4 * (nodes + 1) + 4 * nodes + nodes) throw_damaged("a trie");
  auto const n = static_cast<std::size_t>(nodes);
  first_ = {bytes.subspan(4, 4 * (n + 1)), "a trie"};
  value_ = {bytes.subspan(4 + 4 * (n + 1), 4 * n), "a trie"};
  label_ = {bytes.subspan(4 + 4 * (n + 1) + 4 * n, n), "a trie"};
}

std::uint32_t trie::child(std::uint32_t node, char byte) const {
  std::uint32_t low = first_[node];
  std::uint32_t const end = first_[node + 1];
  std::uint32_t high = end;
  auto const wanted = static_cast<std::uint8_t>(byte);
  while (low < high) {
    std::uint32_t const middle = low + (high - low) / 2;
    if (label_[middle] < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < end && label_[low] == wanted ? low : nowhere;
}

trie::match trie::longest(std::string_view text) const {
  match best;
  if (empty()) return best;
  std::uint32_t node = root;
  for (std::size_t i = 0; i < text.size(); ++i) {
    node = child(node, text[i]);
    if (node == nowhere) break;
    if (auto const found = value(node)) best = {i + 1, *found};
  }
  return best;
}

}  // namespace constformer::text

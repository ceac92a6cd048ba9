#include <algorithm>
#include <numeric>

#include "text/trie.hpp"

namespace constformer::text {
namespace {

/// A node under construction: the keys [begin, end) share their first `depth` bytes.
struct pending {
  std::size_t begin, end, depth;
};

void append_u32(std::vector<std::byte>& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(value >> shift));
}

using key_list = std::vector<std::pair<std::string, std::uint32_t>>;

/// In the order of their bytes; of equal keys the first is kept.
key_list sorted_unique(key_list keys) {
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    int const compared = keys[a].first.compare(keys[b].first);
    return compared != 0 ? compared < 0 : a < b;
  });
  key_list sorted;
  sorted.reserve(keys.size());
  for (std::size_t const place : order) {
    if (sorted.empty() || sorted.back().first != keys[place].first) sorted.push_back(std::move(keys[place]));
  }
  return sorted;
}

}  // namespace

std::vector<std::byte> build_trie(std::vector<std::pair<std::string, std::uint32_t>> keys) {
  std::erase_if(keys, [](auto const& key) { return key.first.empty(); });
  if (keys.empty()) return {};
  keys = sorted_unique(std::move(keys));

  std::vector<pending> nodes{{0, keys.size(), 0}};
  std::vector<std::uint32_t> first, value;
  std::vector<std::byte> label{std::byte{0}};
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    auto [begin, end, depth] = nodes[n];
    bool const ends_here = keys[begin].first.size() == depth;
    value.push_back(ends_here ? keys[begin].second + 1 : 0);
    if (ends_here) ++begin;
    first.push_back(static_cast<std::uint32_t>(nodes.size()));
    while (begin < end) {
      char const byte = keys[begin].first[depth];
      std::size_t next = begin;
      while (next < end && keys[next].first[depth] == byte) ++next;
      nodes.push_back({begin, next, depth + 1});
      label.push_back(static_cast<std::byte>(byte));
      begin = next;
    }
  }
  first.push_back(static_cast<std::uint32_t>(nodes.size()));

  std::vector<std::byte> out;
  out.reserve(9 * nodes.size() + 8);
  append_u32(out, static_cast<std::uint32_t>(nodes.size()));
  for (std::uint32_t const f : first) append_u32(out, f);
  for (std::uint32_t const v : value) append_u32(out, v);
  out.insert(out.end(), label.begin(), label.end());
  return out;
}

}  // namespace constformer::text

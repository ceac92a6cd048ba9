#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace constformer::text {

/// A run of the word that is one token so far; runs form a list, so that merging two is O(1).
struct symbol {
  std::uint32_t begin, size;    ///< bytes of the word; size 0: swallowed by its left neighbour
  std::int32_t previous, next;  ///< places in the list, -1 at its ends
  std::uint32_t id;
  bool frozen;  ///< takes part in no merge
};

/// What two neighbours may become. Lower priorities come first.
struct merge_offer {
  std::uint32_t priority, result;
};

/// An offer in the queue. The key orders by priority, then from left to right. An offer is stale when the sizes of the
/// two symbols no longer add up to `size`, because symbols only grow.
struct queued_merge {
  std::uint64_t key;
  std::uint32_t size, result;
  friend bool operator>(queued_merge const& a, queued_merge const& b) { return a.key > b.key; }
};

/// Buffers that one call of encode uses for all its words.
struct workspace {
  std::vector<symbol> symbols;
  std::vector<queued_merge> queue;
  bool at_start = true;  ///< the next word is the first of the text
};

/// Larger scores get lower priorities; equal ones equal priorities.
inline std::uint32_t priority_of_score(float score) {
  auto const bits = std::bit_cast<std::uint32_t>(score);
  return (bits >> 31) != 0 ? bits : ~(bits | 0x80000000u);
}

/// Appends a symbol behind the last one.
inline void append_symbol(std::vector<symbol>& symbols, std::uint32_t begin, std::uint32_t size, std::uint32_t id,
                          bool frozen = false) {
  auto const place = static_cast<std::int32_t>(symbols.size());
  if (!symbols.empty()) symbols.back().next = place;
  symbols.push_back({begin, size, place - 1, -1, id, frozen});
}

/// Merges neighbours, best offer first and leftmost among equals, until there is no offer: O(n log n).
/// `offer(left, right)` gives an optional merge_offer.
template <class Offer>
void merge_symbols(workspace& w, Offer offer) {
  auto& symbols = w.symbols;
  auto& queue = w.queue;
  queue.clear();
  auto const offered = [&](std::int32_t left) -> std::optional<queued_merge> {
    symbol const& l = symbols[static_cast<std::size_t>(left)];
    if (l.next < 0) return std::nullopt;
    symbol const& r = symbols[static_cast<std::size_t>(l.next)];
    if (l.frozen || r.frozen) return std::nullopt;
    std::optional<merge_offer> const o = offer(l, r);
    if (!o) return std::nullopt;
    return queued_merge{std::uint64_t{o->priority} << 32 | static_cast<std::uint32_t>(left), l.size + r.size,
                        o->result};
  };
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(symbols.size()); ++i) {
    if (auto const q = offered(i)) queue.push_back(*q);
  }
  std::make_heap(queue.begin(), queue.end(), std::greater<>{});
  auto const push = [&](std::int32_t left) {
    if (left < 0) return;
    if (auto const q = offered(left)) {
      queue.push_back(*q);
      std::push_heap(queue.begin(), queue.end(), std::greater<>{});
    }
  };
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), std::greater<>{});
    queued_merge const top = queue.back();
    queue.pop_back();
    auto const place = static_cast<std::int32_t>(static_cast<std::uint32_t>(top.key));
    symbol& left = symbols[static_cast<std::size_t>(place)];
    if (left.size == 0 || left.next < 0) continue;
    symbol& right = symbols[static_cast<std::size_t>(left.next)];
    if (left.size + right.size != top.size) continue;
    left.size = top.size;
    left.id = top.result;
    left.next = right.next;
    right.size = 0;
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = place;
    push(left.previous);
    push(place);
  }
}

}  // namespace constformer::text

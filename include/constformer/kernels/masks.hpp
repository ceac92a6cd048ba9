#pragma once

#include <algorithm>
#include <cstdint>

namespace constformer {

/// Keys [begin, end) of a cache.
struct key_range {
  int begin;  ///< the first key
  int end;    ///< one past the last; at most begin if there is none

  bool operator==(key_range const&) const = default;
};

// A mask is a type whose `visible(position)` is the range of keys that the query at `position` sees. Both ends never
// move back as the position grows: what the first and the last query of a tile see tells what all of its queries see. A
// query that sees no key gets a zero vector (FlashAttention's policy, arXiv:2205.14135), never a NaN.

/// Keys up to the query itself.
struct causal_mask {
  /// What the query at `position` sees.
  [[nodiscard]] static constexpr key_range visible(int position) { return {0, position + 1}; }
};

/// The last `window` keys up to the query, itself included (Mistral 7B, arXiv:2310.06825).
struct window_mask {
  int window;  ///< keys; positive
  /// What the query at `position` sees.
  [[nodiscard]] constexpr key_range visible(int position) const {
    return {std::max(0, position - window + 1), position + 1};
  }
};

/// All keys: encoders, whose `keys` is the length of the sequence without its padding.
struct bidirectional_mask {
  int keys;  ///< in the cache
  /// What every query sees.
  [[nodiscard]] constexpr key_range visible(int) const { return {0, keys}; }
};

/// All keys of a source, whatever a query's own position: the same type, so that encoder and cross-attention share
/// their code.
using cross_mask = bidirectional_mask;

/// A sequence of `tokens` that was padded to a longer one: its own queries see its own keys, those of the padding see
/// none.
struct padding_mask {
  int tokens;  ///< without the padding
  /// What the query at `position` sees.
  [[nodiscard]] constexpr key_range visible(int position) const { return {position < tokens ? 0 : tokens, tokens}; }
};

/// Keys up to the query, and for every query those of the first `prefix` positions (prefix language models: UniLM,
/// arXiv:1905.03197; GLM, arXiv:2103.10360).
struct prefix_mask {
  int prefix;  ///< keys; 0: causal
  /// What the query at `position` sees.
  [[nodiscard]] constexpr key_range visible(int position) const { return {0, std::max(prefix, position + 1)}; }
};

/// (query, key) pairs of the queries at [first, first + queries) among the first `keys` keys, counted one query after
/// the other: what attention multiplies, 4·head_dim FLOPs each. The census has closed formulas for them
/// (analysis/pass.hpp).
template <class Mask>
[[nodiscard]] constexpr std::int64_t visible_pairs(Mask const& mask, int first, int queries, int keys) {
  std::int64_t pairs = 0;
  for (int position = first; position < first + queries; ++position) {
    key_range const seen = mask.visible(position);
    pairs += std::max(0, std::min(seen.end, keys) - seen.begin);
  }
  return pairs;
}

/// Which tiles of keys a run of neighbouring queries needs, and which of them need no masking.
struct tile_list {
  key_range visited;  ///< keys that some query sees; the others are skipped
  key_range whole;    ///< keys that every query sees: a tile within is not masked

  /// Whether keys [first, first + keys) are seen by every query.
  [[nodiscard]] constexpr bool is_whole(int first, int keys) const {
    return first >= whole.begin && first + keys <= whole.end;
  }
};

/// The tiles of queries at [first, first + positions), positions > 0; visited.begin is rounded down to a multiple of
/// `unit`.
template <class Mask>
[[nodiscard]] constexpr tile_list tiles_of(Mask const& mask, int first, int positions, int unit) {
  key_range const by_first = mask.visible(first);
  key_range const by_last = mask.visible(first + positions - 1);
  return {{by_first.begin / unit * unit, by_last.end}, {by_last.begin, by_first.end}};
}

}  // namespace constformer

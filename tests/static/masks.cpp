// Masks and the tiles that they skip, against looking at every query and key.
#include "constformer/kernels/masks.hpp"

namespace {

using namespace constformer;

constexpr int length = 40;

template <class Mask>
constexpr bool sees(Mask const& mask, int query, int key) {
  key_range const seen = mask.visible(query);
  return seen.begin <= key && key < seen.end;
}

// Skipped keys are seen by none of the queries, whole ones by all; what is neither is masked one by one.
template <class Mask>
constexpr bool tiles_are_right(Mask const& mask) {
  for (int first = 0; first < length; first += 3)
    for (int positions = 1; positions < 9; ++positions) {
      tile_list const tiles = tiles_of(mask, first, positions, 4);
      for (int key = 0; key < 2 * length; ++key) {
        int seen = 0;
        for (int query = first; query < first + positions; ++query) seen += sees(mask, query, key) ? 1 : 0;
        bool const visited = tiles.visited.begin <= key && key < tiles.visited.end;
        if (seen > 0 && !visited) return false;
        if (tiles.is_whole(key, 1) && seen != positions) return false;
        if (visited && seen == 0 && key >= mask.visible(first).begin) return false;  // only rounding visits in vain
      }
      if (tiles.visited.begin % 4 != 0) return false;
    }
  return true;
}

static_assert(tiles_are_right(causal_mask{}));
static_assert(tiles_are_right(window_mask{1}));
static_assert(tiles_are_right(window_mask{7}));
static_assert(tiles_are_right(window_mask{100}));
static_assert(tiles_are_right(bidirectional_mask{length}));
static_assert(tiles_are_right(padding_mask{0}));
static_assert(tiles_are_right(padding_mask{13}));
static_assert(tiles_are_right(padding_mask{90}));
static_assert(tiles_are_right(prefix_mask{0}));
static_assert(tiles_are_right(prefix_mask{13}));
static_assert(tiles_are_right(prefix_mask{90}));

// The list of a tile is a constant where its queries are: 64 queries after 4096 keys, a window of 128.
constexpr tile_list tiles = tiles_of(window_mask{128}, 4096, 64, 16);
static_assert(tiles.visited == key_range{3968, 4160} && tiles.whole == key_range{4032, 4097});
static_assert(tiles_of(causal_mask{}, 0, 64, 16).whole == key_range{0, 1});
static_assert(tiles_of(bidirectional_mask{0}, 0, 64, 16).visited == key_range{0, 0});

}  // namespace

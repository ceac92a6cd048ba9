#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include "constformer/config/config.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/core/error.hpp"
#include "constformer/layers/batch_rows.hpp"

namespace constformer {

/// The prefix of a text that begins with `ids`. Throws `error` if they hold no end, or no blank before it.
[[nodiscard]] inline prefix_place prefix_of(prefix_config const& c, std::span<int const> ids) {
  auto const end = std::find(ids.begin(), ids.end(), c.end);
  if (end == ids.end())
    throw error("the text has no token " + std::to_string(c.end) + ", which ends the part that all tokens see");
  auto blank = std::find(ids.begin(), ids.end(), c.blank);
  if (blank == ids.end()) blank = std::find(ids.begin(), ids.end(), c.other_blank);
  if (blank == ids.end())
    throw error("the text has none of the tokens " + std::to_string(c.blank) + " and " + std::to_string(c.other_blank) +
                ", in whose place the answer stands");
  return {static_cast<int>(end - ids.begin()), static_cast<int>(blank - ids.begin())};
}

/// Where the prefix of each sequence ends, for models whose queries all see it. All memory comes from an arena.
class prefix_table {
 public:
  /// Bytes of an arena that a table takes.
  [[nodiscard]] static constexpr std::size_t bytes(int sequences) {
    return 2 * arena::bytes_for<prefix_place>(static_cast<std::size_t>(sequences));
  }

  /// Sequences without a prefix; throws std::bad_alloc if `memory` holds less than `bytes`.
  prefix_table(arena& memory, int sequences)
      : places_(memory.take<prefix_place>(static_cast<std::size_t>(sequences))),
        others_(memory.take<prefix_place>(static_cast<std::size_t>(sequences))) {}

  /// Of sequence `first` and those after it.
  [[nodiscard]] prefix_place const* places(int first) const { return places_.data() + first; }

  /// Takes the prefix from `ids`, the beginning of a sequence; throws as `prefix_of` does.
  void settle(prefix_config const& c, int sequence, std::span<int const> ids) {
    places_[static_cast<std::size_t>(sequence)] = prefix_of(c, ids);
  }

  /// Throws `error` if a sequence cut to `position` would keep a part of its prefix, which has seen the rest.
  void check_rewind(int sequence, int position) const {
    int const length = places_[static_cast<std::size_t>(sequence)].length;
    if (position > 0 && position < length)
      throw error("cannot rewind to position " + std::to_string(position) + ", all tokens see the first " +
                  std::to_string(length));
  }

  /// Sequence i goes on from parents[i]. No parent may be out of range.
  void fork(std::span<int const> parents) {
    std::copy(places_.begin(), places_.end(), others_.begin());
    for (std::size_t i = 0; i < parents.size(); ++i) places_[i] = others_[static_cast<std::size_t>(parents[i])];
  }

 private:
  std::span<prefix_place> places_;
  std::span<prefix_place> others_;
};

}  // namespace constformer

#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "guess_source.hpp"

namespace constformer::serve {

/// What a text may go on with because it did so before (prompt lookup, Saxena 2023): up to `most` tokens that followed
/// where the longest end of the text, of 2 to 8 tokens, occurs in it last. Empty if that does not occur.
[[nodiscard]] inline std::span<int const> look_up(std::span<int const> text, std::size_t most) {
  constexpr std::size_t least = 2;
  constexpr std::size_t longest = 8;
  std::size_t best = 0;
  std::size_t place = 0;
  for (std::size_t end = text.size() - 1; end >= least && best < longest; --end) {
    std::size_t same = 0;
    while (same < longest && same < end && text[end - 1 - same] == text[text.size() - 1 - same]) ++same;
    if (same <= best) continue;
    best = same;
    place = end;
  }
  if (best < least) return {};
  return text.subspan(place, std::min(most, text.size() - place));
}

/// Guesses that a text repeats itself.
class prompt_lookup final : public guess_source {
 public:
  void guess(std::span<wanted_guess const> wanted, std::size_t rows) override {
    for (auto const& [text, most] : wanted) {
      auto const found = rows == 0 ? std::span<int const>() : look_up(text->ids, std::min(most, rows));
      text->reads.insert(text->reads.end(), found.begin(), found.end());
      rows -= found.size();
    }
  }
};

}  // namespace constformer::serve

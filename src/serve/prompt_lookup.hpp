#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

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

/// How many tokens of a text are guessed at once: more while guesses come true, none for a while after several that did
/// not.
class guess_length {
 public:
  /// Tokens to guess next to this one.
  [[nodiscard]] std::size_t next() {
    if (rest_ > 0) return --rest_, 0;
    return length_;
  }

  /// Of `guessed` tokens, at least one, so many were right.
  void came_true(std::size_t guessed, std::size_t right) {
    if (right == guessed) length_ = std::min(most, 2 * length_);
    if (right < guessed) length_ = std::max(std::size_t{1}, right + 1);
    misses_ = right == 0 ? misses_ + 1 : 0;
    if (misses_ >= patience) rest_ = std::min(longest_rest, std::size_t{1} << std::min(misses_, most));
  }

  static constexpr std::size_t most = 8;  ///< tokens

 private:
  static constexpr std::size_t patience = 3;  // wrong guesses
  static constexpr std::size_t longest_rest = 64;

  std::size_t length_ = 4;
  std::size_t misses_ = 0;
  std::size_t rest_ = 0;
};

}  // namespace constformer::serve

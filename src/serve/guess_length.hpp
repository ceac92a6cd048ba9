#pragma once

#include <algorithm>
#include <cstddef>

namespace constformer::serve {

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

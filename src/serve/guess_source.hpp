#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace constformer::serve {

/// A text that is being written, whose next tokens can be guessed.
struct guessed_text {
  std::vector<int> ids;    ///< all tokens so far
  std::vector<int> reads;  ///< the next token and guesses of those after it, if there are any
};

/// Told once, why a source guesses nothing any more.
using guesses_ended = std::function<void(std::string_view why)>;

/// A text whose next tokens are to be guessed.
struct wanted_guess {
  guessed_text* text;
  std::size_t most;  ///< tokens
};

/// Guesses what texts go on with. Whether it is right the model says: what comes of a request does not depend on it.
class guess_source {
 public:
  virtual ~guess_source() = default;
  guess_source(guess_source const&) = delete;
  guess_source& operator=(guess_source const&) = delete;

  /// Appends guesses to `guessed_text::reads` of each, `rows` for all of them together at most.
  virtual void guess(std::span<wanted_guess const> wanted, std::size_t rows) = 0;

 protected:
  guess_source() = default;
};

}  // namespace constformer::serve

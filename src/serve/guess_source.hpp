#pragma once

#include <cstddef>
#include <span>

#include "generation_state.hpp"

namespace constformer::serve {

/// A text whose next tokens are to be guessed.
struct wanted_guess {
  sequence_state* sequence;
  std::size_t most;  ///< tokens
};

/// Guesses what texts go on with. Whether it is right the model says: what comes of a request does not depend on it.
class guess_source {
 public:
  virtual ~guess_source() = default;
  guess_source(guess_source const&) = delete;
  guess_source& operator=(guess_source const&) = delete;

  /// Appends guesses to `sequence_state::reads` of each, `rows` for all of them together at most.
  virtual void guess(std::span<wanted_guess const> wanted, std::size_t rows) = 0;

 protected:
  guess_source() = default;
};

}  // namespace constformer::serve

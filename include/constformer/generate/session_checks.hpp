#pragma once

#include <cstddef>
#include <span>

namespace constformer {

/// What sessions refuse: each throws `error` with the number that is given and the one that is possible.
struct session_checks {
  /// The capacity that is asked for; 0: the compiled one.
  [[nodiscard]] static int capacity(int asked, int compiled);
  /// So many sequences of at most `most`.
  [[nodiscard]] static int sequences(int asked, int most);
  /// So many threads.
  [[nodiscard]] static int threads(int asked);
  /// A sequence of `sequences`.
  static void sequence(int sequence, int sequences);
  /// Sequences that `parents` fork into, of `sequences`.
  static void fork(std::span<int const> parents, int sequences);
  /// A position to go back to, of a sequence of `held` tokens.
  static void rewind(int position, int held);
  /// Tokens, at least one.
  static void vocab(std::span<int const> ids, int vocab);
  /// `tokens` that follow `held` others.
  static void room(int held, std::size_t tokens, int capacity);
  /// A cache of `blocks` blocks that are all taken.
  [[noreturn]] static void no_block(int blocks);
  /// A token for each of the first sequences of `sequences`.
  static void step(std::span<int const> ids, int sequences);
  /// A token that follows `held` others, where all tokens see a prefix.
  static void step_needs_prefix(int held);
};

}  // namespace constformer

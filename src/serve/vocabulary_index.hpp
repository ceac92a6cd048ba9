#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "byte_automaton.hpp"
#include "token_texts.hpp"

namespace constformer::serve {

/// One bit for each id.
using id_set = std::vector<std::uint64_t>;

/// The tokens of a vocabulary in the order of their bytes, to find those that a state of an automaton allows.
class vocabulary_index {
 public:
  explicit vocabulary_index(std::shared_ptr<token_texts const> texts);

  /// The tokens whose bytes lead somewhere. `blank_first`: those, too, that do so behind a blank.
  [[nodiscard]] id_set allowed(byte_automaton const& automaton, byte_automaton::state const& at,
                               bool blank_first) const;

  /// Whether a token is exactly this byte.
  [[nodiscard]] bool spells(unsigned char byte) const { return single_[byte]; }
  [[nodiscard]] token_texts const& texts() const { return *texts_; }

 private:
  using iterator = std::vector<int>::const_iterator;

  void walk(byte_automaton const& automaton, byte_automaton::state const& at, iterator first, iterator last,
            std::size_t depth, id_set& out) const;

  std::shared_ptr<token_texts const> texts_;
  std::vector<int> sorted_;   // all that have bytes
  std::vector<int> awkward_;  // those that are not whole characters without quote, backslash and control
  id_set plain_;              // the others
  bool single_[256]{};
};

}  // namespace constformer::serve

#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "constformer/core/arena.hpp"

namespace constformer {

/// Which slot of a cache holds which sequence, and how many tokens of it. There are as many slots as sequences, each of
/// the whole capacity. All memory comes from an arena.
class slot_table {
 public:
  /// Bytes of an arena that a table takes.
  [[nodiscard]] static constexpr std::size_t bytes(int sequences) {
    return 5 * arena::bytes_for<int>(static_cast<std::size_t>(sequences));
  }

  /// Empty sequences; throws std::bad_alloc if `memory` holds less than `bytes`.
  slot_table(arena& memory, int sequences)
      : slots_(memory.take<int>(static_cast<std::size_t>(sequences))),
        positions_(memory.take<int>(static_cast<std::size_t>(sequences))),
        other_slots_(memory.take<int>(static_cast<std::size_t>(sequences))),
        other_positions_(memory.take<int>(static_cast<std::size_t>(sequences))),
        taken_(memory.take<int>(static_cast<std::size_t>(sequences))) {
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i] = static_cast<int>(i);
  }

  /// The slot of a sequence.
  [[nodiscard]] int slot(int sequence) const { return slots_[index(sequence)]; }
  /// Tokens of a sequence.
  [[nodiscard]] int position(int sequence) const { return positions_[index(sequence)]; }
  /// Forgets all tokens of a sequence from `position` on, which must be one of it.
  void rewind(int sequence, int position) { positions_[index(sequence)] = position; }
  /// Counts tokens that were written.
  void advance(int sequence, int count) { positions_[index(sequence)] += count; }

  /// Sequence i goes on from parents[i]; those beyond are empty. A parent's first child takes its slot, `copy(from, to,
  /// tokens)` fills those of the others. No parent may be out of range.
  template <class Copy>
  void fork(std::span<int const> parents, Copy const& copy) {
    std::fill(taken_.begin(), taken_.end(), 0);
    for (std::size_t i = 0; i < parents.size(); ++i) {
      std::size_t const parent = index(parents[i]);
      other_positions_[i] = positions_[parent];
      other_slots_[i] = std::exchange(taken_[parent], 1) != 0 ? -1 : slots_[parent];
    }
    std::size_t next = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      bool const empty = i >= parents.size();
      if (!empty && other_slots_[i] >= 0) continue;
      while (taken_[next] != 0) ++next;
      other_slots_[i] = slots_[next++];
      if (empty) other_positions_[i] = 0;
      if (!empty) copy(slots_[index(parents[i])], other_slots_[i], other_positions_[i]);
    }
    std::swap(slots_, other_slots_);
    std::swap(positions_, other_positions_);
  }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }

  std::span<int> slots_;            // (sequences)
  std::span<int> positions_;        // (sequences)
  std::span<int> other_slots_;      // the next ones while forking
  std::span<int> other_positions_;  // the next ones while forking
  std::span<int> taken_;            // (sequences): whose slot has an owner, while forking
};

}  // namespace constformer

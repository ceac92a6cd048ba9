#pragma once

#include <cstddef>
#include <span>

#include "constformer/core/arena.hpp"

namespace constformer {

/// Blocks of a cache, each free or owned: by sequences, whose count it keeps, or by what keeps them for later ones. All
/// memory comes from an arena.
class block_pool {
 public:
  /// Bytes of an arena that a pool takes.
  [[nodiscard]] static constexpr std::size_t bytes(int blocks) {
    return 2 * arena::bytes_for<int>(static_cast<std::size_t>(blocks));
  }

  /// All free; throws std::bad_alloc if `memory` holds less than `bytes`.
  block_pool(arena& memory, int blocks)
      : owners_(memory.take<int>(static_cast<std::size_t>(blocks))),
        free_(memory.take<int>(static_cast<std::size_t>(blocks))),
        free_count_(free_.size()) {
    // Taken from the end: the first sequence gets 0, 1, 2, … and keeps this order when it is rewound.
    for (std::size_t i = 0; i < free_.size(); ++i) free_[i] = static_cast<int>(free_.size() - 1 - i);
  }

  /// Blocks there are.
  [[nodiscard]] int size() const { return static_cast<int>(owners_.size()); }
  /// Blocks without owners.
  [[nodiscard]] int free_blocks() const { return static_cast<int>(free_count_); }
  /// Owners of a block.
  [[nodiscard]] int owners(int block) const { return owners_[static_cast<std::size_t>(block)]; }

  /// A block of one owner; −1: none is free.
  [[nodiscard]] int take() {
    if (free_count_ == 0) return -1;
    int const block = free_[--free_count_];
    owners_[static_cast<std::size_t>(block)] = 1;
    return block;
  }

  /// One owner more.
  void share(int block) { ++owners_[static_cast<std::size_t>(block)]; }

  /// One owner less; returns how many are left. The block of none is the next to be taken.
  int release(int block) {
    int const left = --owners_[static_cast<std::size_t>(block)];
    if (left == 0) free_[free_count_++] = block;
    return left;
  }

 private:
  std::span<int> owners_;  // (blocks)
  std::span<int> free_;    // (blocks): those without owners, the next one last
  std::size_t free_count_;
};

}  // namespace constformer

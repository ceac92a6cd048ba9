#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/core/error.hpp"

namespace constformer {

/// Which blocks of 16 positions hold the keys and values of which sequence (paged attention, arXiv:2309.06180).
///
/// Sequences that grew out of one another share the blocks of their common prefix, which are counted; a block is copied
/// when one of several owners writes into it, which happens to the last, partly filled one only. There are as many
/// blocks as if nothing were shared, so that a block is always free when it is wanted. All memory comes from an arena.
class block_table {
 public:
  /// Blocks that hold `capacity` positions.
  [[nodiscard]] static constexpr int blocks_for(int capacity) { return padded(capacity) / panel_rows; }

  /// Bytes of an arena that a table takes.
  [[nodiscard]] static constexpr std::size_t bytes(int capacity, int sequences) {
    return 4 * arena::bytes_for<int>(all_blocks(capacity, sequences)) +
           2 * arena::bytes_for<int>(static_cast<std::size_t>(sequences));
  }

  /// Empty sequences; throws std::bad_alloc if `memory` holds less than `bytes`.
  block_table(arena& memory, int capacity, int sequences)
      : each_(blocks_for(capacity)),
        tables_(memory.take<int>(all_blocks(capacity, sequences))),
        other_tables_(memory.take<int>(all_blocks(capacity, sequences))),
        owners_(memory.take<int>(all_blocks(capacity, sequences))),
        free_(memory.take<int>(all_blocks(capacity, sequences))),
        positions_(memory.take<int>(static_cast<std::size_t>(sequences))),
        other_positions_(memory.take<int>(static_cast<std::size_t>(sequences))) {
    // Taken from the end: the first sequence gets 0, 1, 2, … and keeps this order when it is rewound.
    for (std::size_t i = 0; i < free_.size(); ++i) free_[i] = static_cast<int>(free_.size() - 1 - i);
    free_count_ = free_.size();
  }

  /// Sequences there are.
  [[nodiscard]] int sequences() const { return static_cast<int>(positions_.size()); }
  /// Tokens of a sequence.
  [[nodiscard]] int position(int sequence) const { return positions_[index(sequence)]; }
  /// Tokens of every sequence.
  [[nodiscard]] int const* positions() const { return positions_.data(); }
  /// The blocks of a sequence, in order.
  [[nodiscard]] int const* blocks(int sequence) const { return tables_.data() + index(sequence) * stride(); }
  /// From the blocks of a sequence to those of the next.
  [[nodiscard]] std::size_t stride() const { return static_cast<std::size_t>(each_); }
  /// Blocks that no sequence holds.
  [[nodiscard]] int free_blocks() const { return static_cast<int>(free_count_); }

  /// Forgets all tokens of a sequence from `position` on, which must be one of it.
  void rewind(int sequence, int position) {
    release(sequence, blocks_for(position));
    positions_[index(sequence)] = position;
  }

  /// Gives a sequence blocks of its own for `count` tokens more; `copy(from, to)` copies a block that others keep.
  template <class Copy>
  void reserve(int sequence, int count, Copy const& copy) {
    int* const blocks = own_blocks(sequence);
    int const position = positions_[index(sequence)];
    int const held = blocks_for(position);
    if (position % panel_rows != 0 && owners_[index(blocks[held - 1])] > 1) {
      int const shared = blocks[held - 1];
      blocks[held - 1] = take();
      copy(shared, blocks[held - 1]);
      --owners_[index(shared)];
    }
    for (int i = held; i < blocks_for(position + count); ++i) blocks[i] = take();
  }

  /// Counts tokens that were written.
  void advance(int sequence, int count) { positions_[index(sequence)] += count; }

  /// Sequence i goes on from parents[i]; those beyond are empty. No parent may be out of range.
  void fork(std::span<int const> parents) {
    for (std::size_t i = 0; i < parents.size(); ++i) adopt(i, parents[i]);
    for (int s = 0; s < sequences(); ++s) rewind(s, 0);
    std::swap(tables_, other_tables_);
    for (std::size_t i = 0; i < positions_.size(); ++i) positions_[i] = i < parents.size() ? other_positions_[i] : 0;
  }

 private:
  static constexpr std::size_t all_blocks(int capacity, int sequences) {
    return static_cast<std::size_t>(blocks_for(capacity)) * static_cast<std::size_t>(sequences);
  }
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  int* own_blocks(int sequence) { return tables_.data() + index(sequence) * stride(); }

  int take() {
    if (free_count_ == 0) throw error("no block is free: a sequence was given more tokens than it holds");
    int const block = free_[--free_count_];
    owners_[index(block)] = 1;
    return block;
  }

  // Gives up all blocks of a sequence but the first `kept`, the last one first.
  void release(int sequence, int kept) {
    int const* const blocks = own_blocks(sequence);
    for (int i = blocks_for(positions_[index(sequence)]); i > kept; --i)
      if (--owners_[index(blocks[i - 1])] == 0) free_[free_count_++] = blocks[i - 1];
  }

  // Enters the blocks of `parent` as those that sequence `child` will have.
  void adopt(std::size_t child, int parent) {
    int const held = blocks_for(position(parent));
    int* const to = other_tables_.data() + child * stride();
    for (int i = 0; i < held; ++i) {
      to[i] = blocks(parent)[i];
      ++owners_[index(to[i])];
    }
    other_positions_[child] = position(parent);
  }

  int each_;                        // blocks of a sequence at most
  std::span<int> tables_;           // (sequences, each)
  std::span<int> other_tables_;     // the next ones while forking
  std::span<int> owners_;           // (blocks): sequences that hold it
  std::span<int> free_;             // (blocks): those without owners, the next one last
  std::span<int> positions_;        // (sequences)
  std::span<int> other_positions_;  // the next ones while forking
  std::size_t free_count_ = 0;
};

}  // namespace constformer

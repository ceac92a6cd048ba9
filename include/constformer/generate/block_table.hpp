#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/arena.hpp"
#include "constformer/generate/block_pool.hpp"

namespace constformer {

/// Which blocks of 16 positions hold the keys and values of which sequence (paged attention, arXiv:2309.06180).
///
/// Sequences that grew out of one another share the blocks of their common prefix, which are counted; a block is copied
/// when one of several owners writes into it, which happens to the last, partly filled one only. Unless fewer are asked
/// for there are as many blocks as if nothing were shared, so that a block is always free when it is wanted. All memory
/// comes from an arena.
class block_table {
 public:
  /// Blocks that hold `capacity` positions.
  [[nodiscard]] static constexpr int blocks_for(int capacity) { return padded(capacity) / panel_rows; }

  /// Bytes of an arena that a table takes.
  [[nodiscard]] static constexpr std::size_t bytes(int capacity, int sequences, int blocks) {
    return block_pool::bytes(blocks) + 2 * arena::bytes_for<int>(entries(capacity, sequences)) +
           2 * arena::bytes_for<int>(static_cast<std::size_t>(sequences));
  }
  /// The same with as many blocks as sequences may need.
  [[nodiscard]] static constexpr std::size_t bytes(int capacity, int sequences) {
    return bytes(capacity, sequences, blocks_for(capacity) * sequences);
  }

  /// Empty sequences over a cache of `blocks` blocks; throws std::bad_alloc if `memory` holds less than `bytes`.
  block_table(arena& memory, int capacity, int sequences, int blocks)
      : each_(blocks_for(capacity)),
        pool_(memory, blocks),
        tables_(memory.take<int>(entries(capacity, sequences))),
        other_tables_(memory.take<int>(entries(capacity, sequences))),
        positions_(memory.take<int>(static_cast<std::size_t>(sequences))),
        other_positions_(memory.take<int>(static_cast<std::size_t>(sequences))) {}
  /// The same with as many blocks as sequences may need.
  block_table(arena& memory, int capacity, int sequences)
      : block_table(memory, capacity, sequences, blocks_for(capacity) * sequences) {}

  /// Sequences there are.
  [[nodiscard]] int sequences() const { return static_cast<int>(positions_.size()); }
  /// Tokens of a sequence.
  [[nodiscard]] int position(int sequence) const { return positions_[index(sequence)]; }
  /// The blocks of a sequence, in order.
  [[nodiscard]] int const* blocks(int sequence) const { return tables_.data() + index(sequence) * stride(); }
  /// Blocks that no sequence holds.
  [[nodiscard]] int free_blocks() const { return pool_.free_blocks(); }

  /// Forgets all tokens of a sequence from `position` on, which must be one of it.
  void rewind(int sequence, int position) {
    release(sequence, blocks_for(position));
    positions_[index(sequence)] = position;
  }

  /// Gives a sequence blocks of its own for `count` tokens more; `copy(from, to)` copies a block that others keep.
  /// False, and nothing is changed, if not as many are free.
  template <class Copy>
  [[nodiscard]] bool reserve(int sequence, int count, Copy const& copy) {
    int* const blocks = own_blocks(sequence);
    int const position = positions_[index(sequence)];
    int const held = blocks_for(position);
    bool const copies = position % panel_rows != 0 && pool_.owners(blocks[held - 1]) > 1;
    if (blocks_for(position + count) - held + (copies ? 1 : 0) > pool_.free_blocks()) return false;
    if (copies) {
      int const shared = blocks[held - 1];
      blocks[held - 1] = pool_.take();
      copy(shared, blocks[held - 1]);
      pool_.release(shared);
    }
    for (int i = held; i < blocks_for(position + count); ++i) blocks[i] = pool_.take();
    return true;
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
  static constexpr std::size_t entries(int capacity, int sequences) {
    return static_cast<std::size_t>(blocks_for(capacity)) * static_cast<std::size_t>(sequences);
  }
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  [[nodiscard]] std::size_t stride() const { return static_cast<std::size_t>(each_); }
  int* own_blocks(int sequence) { return tables_.data() + index(sequence) * stride(); }

  // Gives up all blocks of a sequence but the first `kept`, the last one first.
  void release(int sequence, int kept) {
    int const* const blocks = own_blocks(sequence);
    for (int i = blocks_for(positions_[index(sequence)]); i > kept; --i) pool_.release(blocks[i - 1]);
  }

  // Enters the blocks of `parent` as those that sequence `child` will have.
  void adopt(std::size_t child, int parent) {
    int const held = blocks_for(position(parent));
    int* const to = other_tables_.data() + child * stride();
    for (int i = 0; i < held; ++i) {
      to[i] = blocks(parent)[i];
      pool_.share(to[i]);
    }
    other_positions_[child] = position(parent);
  }

  int each_;  // blocks of a sequence at most
  block_pool pool_;
  std::span<int> tables_;           // (sequences, each)
  std::span<int> other_tables_;     // the next ones while forking
  std::span<int> positions_;        // (sequences)
  std::span<int> other_positions_;  // the next ones while forking
};

}  // namespace constformer

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/core/arena.hpp"
#include "constformer/generate/block_pool.hpp"
#include "sip_hash.hpp"

namespace constformer::serve {

/// Tokens of a block.
inline constexpr int block_tokens = 16;

/// Blocks of `tokens` tokens.
[[nodiscard]] constexpr int blocks_for(std::size_t tokens) {
  return static_cast<int>((tokens + block_tokens - 1) / block_tokens);
}

/// The blocks of a cache: which are free, who shares which, and those that are kept, when nobody has them any more, for
/// texts that begin alike.
///
/// A full block is kept under a keyed hash of its 16 ids and of all that is before it (Zheng et al., arXiv:2312.07104;
/// vLLM); hashes only find it, its ids and the block before it are compared. Kept blocks are a forest: who has one has
/// those before it, so one that nobody has can always be given up when those behind it are. The least recently used
/// leaf goes first.
class block_store {
 public:
  /// `blocks` free blocks; hashes are made with `secret`.
  block_store(int blocks, hash128 secret);

  [[nodiscard]] int size() const { return pool_.size(); }
  /// Blocks that can be taken: free ones, and kept ones that nobody has.
  [[nodiscard]] int available() const { return pool_.free_blocks() + unowned_; }
  /// Kept blocks.
  [[nodiscard]] int kept() const { return kept_; }
  /// Sequences that have a block.
  [[nodiscard]] int owners(int block) const { return pool_.owners(block) - (is_kept(block) ? 1 : 0); }
  /// Whether a block is kept for others: it is full, and nobody writes into it.
  [[nodiscard]] bool is_kept(int block) const { return node(block).kept; }

  /// A block that nobody else has; −1: none is available.
  [[nodiscard]] int take();
  /// One sequence more has it.
  void share(int block);
  /// One sequence less has it. A sequence gives up its last block first.
  void release(int block);

  /// What stands before the first block of texts of that salt.
  [[nodiscard]] hash128 root(std::string_view salt) const;
  /// The key of a block with those ids behind one of key `before`.
  [[nodiscard]] hash128 key_of(hash128 before, std::span<int const> ids) const;
  /// The kept block of that key, with those ids, behind block `parent` (−1: the first, of that root); −1: there is
  /// none.
  [[nodiscard]] int find(hash128 key, hash128 before, int parent, std::span<int const> ids) const;
  /// Keeps a block that was written and that `find` does not find; its parent is kept.
  void keep(int block, hash128 key, hash128 before, int parent, std::span<int const> ids);
  /// Gives up all kept blocks that nobody has.
  void forget();

  /// What is wrong with the books, in a sentence; empty if they are in order. `tables` are those of all sequences.
  [[nodiscard]] std::string first_mistake(std::span<std::vector<int> const* const> tables) const;

 private:
  struct entry {
    bool kept = false;
    hash128 key{};     // of kept blocks, as all below
    hash128 before{};  // key of what is before it
    int parent = -1;
    int children = 0;
    int next_in_bucket = -1;
    int older = -1, newer = -1;  // among leaves that nobody has
    bool listed = false;
    std::uint64_t used = 0;  // when it was given up
    std::array<int, block_tokens> ids{};
  };

  [[nodiscard]] entry& node(int block) { return nodes_[static_cast<std::size_t>(block)]; }
  [[nodiscard]] entry const& node(int block) const { return nodes_[static_cast<std::size_t>(block)]; }
  [[nodiscard]] int& bucket(hash128 key) { return buckets_[key.low & (buckets_.size() - 1)]; }
  [[nodiscard]] int bucket(hash128 key) const { return buckets_[key.low & (buckets_.size() - 1)]; }
  void list_by_age(int block);
  void unlist(int block);
  void evict();

  arena memory_;
  block_pool pool_;
  hash128 secret_;
  std::vector<entry> nodes_;  // (blocks)
  std::vector<int> buckets_;  // a power of two
  int oldest_ = -1, newest_ = -1;
  int kept_ = 0;
  int unowned_ = 0;  // kept ones that nobody has
  std::uint64_t now_ = 0;
};

}  // namespace constformer::serve

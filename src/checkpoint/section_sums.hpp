#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace constformer::packed {

/// Bytes of a section that are summed up alone, so that threads can share it and a core's second level of cache holds
/// them.
inline constexpr std::size_t piece_bytes = std::size_t{256} << 10;

/// Maps the pages of `bytes`, a part of a mapped file, in one call. A kernel that does not know how maps them when they
/// are read.
void map_pages(std::span<std::byte const> bytes);

/// The checksum of a section, piece by piece, in any order and by several threads: XXH3 of a section of one piece, else
/// XXH3 of the checksums of its pieces.
class section_sums {
 public:
  /// Of `bytes`, which outlive it.
  explicit section_sums(std::span<std::byte const> bytes);

  /// Sums up the pieces that begin within `bytes`, a part of the section. Threads may call it at once for parts that do
  /// not overlap.
  void add(std::span<std::byte const> bytes);

  /// Maps and sums up the pieces not yet seen among worker `index`'s share of them all: every `count`-th eight of them.
  void add_rest(std::size_t index, std::size_t count);

  /// Of the section, once every piece was summed up.
  [[nodiscard]] std::uint64_t total() const;

 private:
  // Pieces [first, last).
  [[nodiscard]] std::span<std::byte const> part(std::size_t first, std::size_t last) const;
  void add_piece(std::size_t index);

  std::span<std::byte const> bytes_;
  std::vector<std::uint64_t> sums_;
  std::vector<unsigned char> done_;  // bytes, not bits: threads write neighbours
};

}  // namespace constformer::packed

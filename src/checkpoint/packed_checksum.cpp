#define XXH_INLINE_ALL  // the vector code for this file's target; the system's library is built for the oldest processor too
#include <xxhash.h>

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "packed_format.hpp"

namespace constformer::packed {

namespace {

// Pages of a mapped file are asked for together: one at a time they cost more than reading them. A kernel that does not know how maps them
// when they are read.
void map_pages([[maybe_unused]] std::span<std::byte const> bytes) {
#ifdef MADV_POPULATE_READ
  constexpr std::uintptr_t page = 4096;
  auto const begin = reinterpret_cast<std::uintptr_t>(bytes.data()) / page * page;
  auto const end = reinterpret_cast<std::uintptr_t>(bytes.data() + bytes.size());
  static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ));
#endif
}

}  // namespace

std::uint64_t checksum(void const* bytes, std::size_t size) { return XXH3_64bits(bytes, size); }

std::uint64_t checksum(head value) {
  value.file.checksum = 0;
  return checksum(&value, sizeof value);
}

std::uint64_t section_checksum(std::span<std::byte const> bytes) {
  if (bytes.size() <= piece_bytes) return checksum(bytes.data(), bytes.size());
  std::vector<std::uint64_t> sums((bytes.size() + piece_bytes - 1) / piece_bytes);
  std::atomic<std::size_t> next{0};
  auto const sum_pieces = [&] {
    for (std::size_t i = next++; i < sums.size(); i = next++) {
      auto const piece = bytes.subspan(i * piece_bytes, std::min(piece_bytes, bytes.size() - i * piece_bytes));
      map_pages(piece);
      sums[i] = checksum(piece.data(), piece.size());
    }
  };
  {
    std::size_t const threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, sums.size());
    std::vector<std::jthread> others(threads - 1);
    for (auto& other : others) other = std::jthread(sum_pieces);
    sum_pieces();
  }
  return checksum(sums.data(), sums.size() * sizeof sums[0]);
}

}  // namespace constformer::packed

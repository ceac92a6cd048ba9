#include "section_sums.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "packed_format.hpp"

namespace constformer::packed {

namespace {

constexpr std::size_t pieces_of(std::size_t bytes) { return (bytes + piece_bytes - 1) / piece_bytes; }

}  // namespace

void map_pages([[maybe_unused]] std::span<std::byte const> bytes) {
#ifdef MADV_POPULATE_READ
  constexpr std::uintptr_t page = 4096;
  auto const begin = reinterpret_cast<std::uintptr_t>(bytes.data()) / page * page;
  auto const end = reinterpret_cast<std::uintptr_t>(bytes.data() + bytes.size());
  static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ));
#endif
}

section_sums::section_sums(std::span<std::byte const> bytes)
    : bytes_(bytes), sums_(pieces_of(bytes.size())), done_(sums_.size()) {}

void section_sums::add(std::span<std::byte const> bytes) {
  auto const begin = static_cast<std::size_t>(bytes.data() - bytes_.data());
  std::size_t const end = pieces_of(begin + bytes.size());
  for (std::size_t i = pieces_of(begin); i < end; ++i) add_piece(i);
}

void section_sums::add_rest(std::size_t index, std::size_t count) {
  constexpr std::size_t together = 8;  // 2 MB: of one page, if the kernel keeps the file in large ones
  for (std::size_t first = index * together; first < sums_.size(); first += count * together) {
    std::size_t const last = std::min(first + together, sums_.size());
    if (std::ranges::all_of(std::span(done_).subspan(first, last - first), [](auto done) { return done != 0; }))
      continue;
    map_pages(part(first, last));
    for (std::size_t i = first; i < last; ++i) add_piece(i);
  }
}

std::uint64_t section_sums::total() const {
  return sums_.size() == 1 ? sums_.front() : checksum(sums_.data(), sums_.size() * sizeof(std::uint64_t));
}

std::span<std::byte const> section_sums::part(std::size_t first, std::size_t last) const {
  std::size_t const begin = first * piece_bytes;
  return bytes_.subspan(begin, std::min(last * piece_bytes, bytes_.size()) - begin);
}

void section_sums::add_piece(std::size_t index) {
  if (done_[index] != 0) return;
  auto const piece = part(index, index + 1);
  sums_[index] = checksum(piece.data(), piece.size());
  done_[index] = 1;
}

}  // namespace constformer::packed

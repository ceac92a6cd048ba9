#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "constformer/checkpoint/packed_file.hpp"

/// The bytes of a packed file; docs/formats.md describes them.
namespace constformer::packed {

static_assert(std::endian::native == std::endian::little, "packed files are little-endian and are read in place");

// A byte above 127 and both line ends show a file that went through a text-mode copy.
inline constexpr std::array<char, 8> magic{'\x89', 'C', 'F', 'P', 'K', '\r', '\n', '\x1A'};
inline constexpr std::uint32_t version = 6;
inline constexpr std::uint64_t alignment = 64;

struct header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t sections;
  std::uint64_t file_bytes;
  std::uint64_t fingerprint;
  std::uint64_t checksum;  // XXH3 of header and table, this field taken as 0
  std::array<std::uint64_t, 3> reserved;
};

struct entry {
  std::uint32_t section;
  std::uint32_t reserved;
  std::uint64_t offset;  // bytes from the start of the file, a multiple of 64
  std::uint64_t bytes;
  std::uint64_t checksum;  // `section_checksum`
};

struct head {
  header file;
  std::array<entry, packed_sections> table;
};

static_assert(sizeof(header) == 64 && sizeof(entry) == 32 && sizeof(head) == 224 && std::is_trivially_copyable_v<head>);

// The next place where a section may begin; what is near 2^64 wraps to something smaller, which callers rule out.
constexpr std::uint64_t aligned(std::uint64_t offset) { return (offset + alignment - 1) / alignment * alignment; }

constexpr char const* name_of(std::size_t section) {
  constexpr std::array names{"weights", "tokenizer", "metadata", "tensors", "modules"};
  return names.at(section);
}

/// XXH3, 64 bits, seed 0.
std::uint64_t checksum(void const* bytes, std::size_t size);

/// Checksum of a section (section_sums.hpp), made by as many threads as this process may use at once.
std::uint64_t section_checksum(std::span<std::byte const> bytes);

/// Checksum of a head with its own field taken as 0.
std::uint64_t checksum(head value);

}  // namespace constformer::packed

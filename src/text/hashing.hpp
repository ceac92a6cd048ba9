#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace constformer::text {

/// Hashes that blobs rely on: they must not change within one blob version.

/// FNV-1a over the bytes of `left` and then `right`, finished with a multiply so that the high bits are good.
inline std::uint64_t hash_of(std::string_view left, std::string_view right = {}) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (std::string_view const part : {left, right}) {
    for (char const c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  }
  return hash * 0x9E3779B97F4A7C15u;
}

inline std::uint64_t hash_of(std::uint32_t left, std::uint32_t right) {
  std::uint64_t const key = (std::uint64_t{left} << 32 | right) * 0xD6E8FEB86659FD93u;
  return (key ^ (key >> 32)) * 0x9E3779B97F4A7C15u;
}

/// Slot where probing starts, in a table of `slots` (a power of two).
inline std::size_t first_slot(std::uint64_t hash, std::size_t slots) {
  return static_cast<std::size_t>(hash >> 32) & (slots - 1);
}

}  // namespace constformer::text

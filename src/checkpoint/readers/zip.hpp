#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace constformer {

/// A file in a zip archive, stored as it is.
struct zip_entry {
  std::string name;                  ///< as the archive's directory has it
  std::span<std::byte const> bytes;  ///< its content, a view of the archive
  std::uint32_t checksum = 0;  ///< CRC-32 as the archive states it; torch writes 0 where it was told not to compute it
};

/// The entries of a zip archive in memory, by name, each once; ZIP64 included. `where` names the archive in messages.
/// Throws `error` if its directory is damaged or leads out of the file, or an entry is compressed or encrypted
/// (torch.save stores all of them).
[[nodiscard]] std::vector<zip_entry> read_stored_zip(std::span<std::byte const> file, std::string_view where);

/// CRC-32 of zip (polynomial 0xEDB88320).
[[nodiscard]] std::uint32_t crc32_of(std::span<std::byte const> bytes);

}  // namespace constformer

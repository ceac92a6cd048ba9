#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace constformer {

/// A file mapped read-only into memory for as long as the object lives; moving it leaves the bytes where they are.
class mapped_file {
 public:
  /// Maps the whole of `path`, and zeros behind it if it has fewer than `at_least` bytes; throws `error` if it is
  /// missing, unreadable, empty or not a regular file.
  explicit mapped_file(std::filesystem::path path, std::size_t at_least = 0);
  ~mapped_file();
  /// Takes the mapping over; `other` has no bytes afterwards.
  mapped_file(mapped_file&& other) noexcept;
  /// The same; what was mapped here before is unmapped.
  mapped_file& operator=(mapped_file&& other) noexcept;
  mapped_file(mapped_file const&) = delete;
  mapped_file& operator=(mapped_file const&) = delete;

  /// The whole file, page-aligned.
  [[nodiscard]] std::span<std::byte const> bytes() const { return bytes_; }
  /// The path it was opened by, for messages.
  [[nodiscard]] std::filesystem::path const& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::span<std::byte const> bytes_;
};

}  // namespace constformer

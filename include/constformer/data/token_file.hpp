#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "constformer/checkpoint/atomic_file.hpp"
#include "constformer/checkpoint/mapped_file.hpp"

namespace constformer {

/// What a file of tokens looks like; all are little-endian.
enum class token_format : std::uint8_t {
  bare16,  ///< nanoGPT's and llama2.c's .bin: uint16, nothing before them
  llmc16,  ///< llm.c's .bin for GPT-2: 256 int32 (20240520, 1, tokens), then uint16
  llmc32,  ///< llm.c's .bin for Llama 3: 256 int32 (20240801, 7, tokens), then uint32
};

/// A file of tokens, mapped: nothing of it is copied.
class token_file {
 public:
  /// Opens `path`; its first word tells the format. Throws `error` if it is missing, empty or of another length than it
  /// says, with both numbers.
  explicit token_file(std::filesystem::path path);

  /// Tokens in it.
  [[nodiscard]] std::int64_t size() const { return size_; }
  /// How they are stored.
  [[nodiscard]] token_format format() const { return format_; }
  /// The path it was opened by, for messages.
  [[nodiscard]] std::filesystem::path const& path() const { return file_.path(); }

  /// One token, 0 ≤ i < size().
  [[nodiscard]] std::uint32_t operator[](std::int64_t i) const;

  /// Copies tokens from `first` on; throws `error` on one that is not below `vocab` (0: any), with its place.
  void read(std::int64_t first, std::span<std::int32_t> out, int vocab = 0) const;

 private:
  mapped_file file_;
  std::span<std::byte const> tokens_;
  std::int64_t size_ = 0;
  token_format format_ = token_format::bare16;
};

/// Writes such a file, piece by piece; it appears under its name when it is complete.
class token_file_writer {
 public:
  /// Begins `path`. Throws `error` as `atomic_file` does.
  token_file_writer(std::filesystem::path path, token_format format);

  /// Appends tokens; throws `error` on one that the format has no room for.
  void write(std::span<int const> tokens);
  /// Tokens so far.
  [[nodiscard]] std::int64_t size() const { return size_; }
  /// Writes the header, if the format has one, and makes the file appear.
  void commit();

 private:
  std::filesystem::path path_;
  token_format format_;
  std::unique_ptr<atomic_file> body_;
  std::int64_t size_ = 0;
};

}  // namespace constformer

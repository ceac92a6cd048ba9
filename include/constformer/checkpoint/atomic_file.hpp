#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace constformer {

/// Who may use a file that `atomic_file` makes; the process's umask takes away from it.
enum class file_mode { plain = 0666, executable = 0777 };

/// A file that appears under its name only when it is complete: bytes go to a temporary file in the same folder,
/// `commit` brings them to the disk and renames it. Until then an older file of that name stays as it was.
///
/// A name that leads to a device or a pipe is written directly. Every function throws `error` with the name and the
/// system's reason (no space, no permission, is a directory ...).
class atomic_file {
 public:
  /// Begins a file that will be called `path`.
  explicit atomic_file(std::filesystem::path path, file_mode mode = file_mode::plain);

  /// Removes the temporary file unless `commit` succeeded.
  ~atomic_file();
  atomic_file(atomic_file const&) = delete;
  atomic_file& operator=(atomic_file const&) = delete;

  /// Appends bytes.
  void write(std::span<std::byte const> bytes);
  /// Appends characters as they are.
  void write(std::string_view text);

  /// Writes bytes over those at `offset`, which are written already. Not for devices and pipes.
  void overwrite(std::size_t offset, std::span<std::byte const> bytes);

  /// Bytes written so far.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Makes the file appear. Nothing can be written afterwards.
  void commit();

 private:
  [[noreturn]] void fail(int code) const;
  void open_temporary();
  void close();

  std::filesystem::path path_;       // as the caller named it, for messages
  std::filesystem::path target_;     // the same with links resolved
  std::filesystem::path temporary_;  // empty when written directly
  file_mode mode_;
  int descriptor_ = -1;
  std::size_t size_ = 0;
};

/// Writes `content` as the whole of `path`; throws as `atomic_file` does.
void write_file(std::filesystem::path const& path, std::string_view content, file_mode mode = file_mode::plain);

}  // namespace constformer

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "constformer/checkpoint/atomic_file.hpp"

namespace constformer {

/// Writes a zip archive of files that are stored as they are, each beginning at a multiple of 64 bytes, as torch.save
/// does; ZIP64, so that it may be of any size.
class zip_writer {
 public:
  /// Begins the archive that will be called `path`. Functions throw `error` as `atomic_file` does.
  explicit zip_writer(std::filesystem::path const& path) : file_(path) {}

  /// Appends a file.
  void add(std::string const& name, std::span<std::byte const> content);
  /// Appends the directory and makes the archive appear.
  void commit();

 private:
  atomic_file file_;
  std::string directory_;
  std::uint64_t count_ = 0;
};

}  // namespace constformer

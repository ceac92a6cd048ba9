#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"

namespace constformer::data {

/// Lines of mapped files, of which only the places are kept. The end of a line is no part of it, "\r\n" as "\n".
class mapped_lines {
 public:
  /// Throws `error` as `mapped_file` does. Blank lines count only if they are kept.
  mapped_lines(std::vector<std::filesystem::path> const& files, bool keep_blank);

  [[nodiscard]] std::size_t size() const { return lines_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t i) const;
  /// "FILE, line N", counted from 1.
  [[nodiscard]] std::string where(std::size_t i) const;
  /// The first file, for messages.
  [[nodiscard]] std::string name() const { return files_.front().path().string(); }
  /// The number of the file of a line.
  [[nodiscard]] std::size_t file_of(std::size_t i) const { return lines_[i].file; }

 private:
  struct line {
    std::size_t begin;
    std::uint32_t size, file;
  };
  void add(std::size_t file, bool keep_blank);

  std::vector<mapped_file> files_;
  std::vector<line> lines_;
};

/// Some of them, one after the other.
struct line_range {
  std::shared_ptr<mapped_lines const> lines;
  std::size_t first = 0, size = 0;
};

/// All lines, or all but the last share and that share; throws `error` if one part is empty.
struct split_lines {
  line_range train, validation;
};
split_lines split(std::shared_ptr<mapped_lines const> lines, double share);

}  // namespace constformer::data

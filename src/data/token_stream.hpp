#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "constformer/data/token_file.hpp"

namespace constformer::data {

/// A part of a file of tokens.
struct token_range {
  std::shared_ptr<token_file const> file;
  std::int64_t first = 0, size = 0;

  explicit token_range(std::shared_ptr<token_file const> all) : file(std::move(all)), size(file->size()) {}

  [[nodiscard]] std::string name() const { return file->path().string(); }
};

/// Ranges one after another, read as one.
class token_stream {
 public:
  /// At least one range. The first tokens of each are compared with the vocabulary (0: any), so that a wrong one is
  /// told before anything is trained; throws `error`.
  token_stream(std::vector<token_range> ranges, int vocab);

  [[nodiscard]] std::int64_t size() const { return begins_.back(); }
  [[nodiscard]] std::vector<token_range> const& ranges() const { return ranges_; }
  /// Where a range begins in the stream.
  [[nodiscard]] std::int64_t begin(std::size_t range) const { return begins_[range]; }
  /// What messages call it.
  [[nodiscard]] std::string name() const;

  /// Copies tokens; throws `error` on one beyond the vocabulary.
  void read(std::int64_t first, std::span<std::int32_t> out) const;

 private:
  std::vector<token_range> ranges_;
  std::vector<std::int64_t> begins_;  // one more than ranges
  int vocab_;
};

}  // namespace constformer::data

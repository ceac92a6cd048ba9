#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "constformer/checkpoint/atomic_file.hpp"

namespace constformer::program {

/// A float32 array of NumPy's format 1.0, written row by row; it appears under its name when `commit` is called.
class npy_writer {
 public:
  /// `shape` is of the whole array, C order; writes the header.
  npy_writer(std::filesystem::path const& path, std::span<std::int64_t const> shape);

  void write(std::span<float const> values);
  void commit() { file_.commit(); }

 private:
  atomic_file file_;
};

/// The whole array at once.
void write_npy(std::filesystem::path const& path, std::span<float const> values, std::span<std::int64_t const> shape);

}  // namespace constformer::program

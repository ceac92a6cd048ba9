#pragma once

#include <filesystem>
#include <vector>

/// A float32 .npy file: its values in C order, and its shape.
struct npy_array {
  std::vector<long> shape;
  std::vector<float> values;
};

/// Throws std::runtime_error if the file is not one of little-endian float32 in C order.
npy_array read_npy(std::filesystem::path const& path);

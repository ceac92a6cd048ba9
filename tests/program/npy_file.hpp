#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

/// A .npy file as NumPy's format document describes it, read for tests.
struct npy_file {
  std::string dict;
  std::vector<float> values;

  explicit npy_file(std::filesystem::path const& path) {
    std::ifstream file(path, std::ios::binary);
    std::string const bytes(std::istreambuf_iterator<char>(file), {});
    if (bytes.size() < 10 || bytes.substr(0, 8) != std::string("\x93NUMPY\x01\x00", 8))
      throw std::runtime_error("no npy file");
    std::uint16_t length = 0;
    std::memcpy(&length, bytes.data() + 8, 2);
    if ((10U + length) % 64 != 0 || bytes.at(9U + length) != '\n')
      throw std::runtime_error("npy header is not padded to 64");
    dict = bytes.substr(10, length);
    values.resize((bytes.size() - 10 - length) / sizeof(float));
    std::memcpy(values.data(), bytes.data() + 10 + length, values.size() * sizeof(float));
  }
};

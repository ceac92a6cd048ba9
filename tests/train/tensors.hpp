#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

/// What make_trajectories.py wrote: tensors of floats by name.
inline std::map<std::string, std::vector<float>> const& original_tensors() {
  static auto const all = [] {
    std::ifstream in(std::string(std::getenv("CONSTFORMER_SOURCE")) + "/tests/train/trajectories.safetensors",
                     std::ios::binary);
    std::string const file{std::istreambuf_iterator<char>(in), {}};
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), sizeof length);
    std::map<std::string, std::vector<float>> tensors;
    auto const header = nlohmann::json::parse(file.substr(8, length));
    for (auto const& [name, about] : header.items()) {
      auto const at = about["data_offsets"].get<std::array<std::size_t, 2>>();
      tensors[name].resize((at[1] - at[0]) / sizeof(float));
      std::memcpy(tensors[name].data(), file.data() + 8 + length + at[0], at[1] - at[0]);
    }
    return tensors;
  }();
  return all;
}

#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

/// What make_vectors.py wrote.
inline nlohmann::json const& train_vectors() {
  static nlohmann::json const all = [] {
    std::ifstream in(std::string(std::getenv("CONSTFORMER_SOURCE")) + "/tests/train/vectors.json");
    return nlohmann::json::parse(in);
  }();
  return all;
}

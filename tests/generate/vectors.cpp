#include "vectors.hpp"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

std::vector<sampling_vector> read_vectors() {
  std::ifstream file(std::string(std::getenv("CONSTFORMER_SOURCE")) + "/tests/generate/vectors.json");
  std::vector<sampling_vector> out;
  for (auto const& v : nlohmann::json::parse(file)) {
    auto const& o = v["options"];
    out.push_back({.options = {.sampler = o["sampler"] == "llama2c" ? constformer::sampler_kind::llama2c
                                                                    : constformer::sampler_kind::standard,
                               .temperature = o["temperature"],
                               .top_k = o["top_k"],
                               .top_p = o["top_p"],
                               .min_p = o["min_p"],
                               .repeat_penalty = o["repeat_penalty"],
                               .repeat_last_n = o["repeat_last_n"],
                               .presence_penalty = o["presence_penalty"],
                               .frequency_penalty = o["frequency_penalty"],
                               .seed = o["seed"]},
                   .vocab = v["vocab"],
                   .scale = v["scale"],
                   .ids = v["ids"]});
  }
  return out;
}

std::vector<float> made_up_logits(std::uint32_t seed, int vocab, float scale) {
  std::vector<float> out;
  for (int i = 0; i < vocab; ++i) {
    seed = seed * 1664525U + 1013904223U;
    out.push_back((static_cast<float>(seed >> 8) / 16777216.0F - 0.5F) * scale);
  }
  return out;
}

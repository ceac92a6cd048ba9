#pragma once

#include <cstdint>
#include <vector>

#include "constformer/generate/sampling_options.hpp"

/// One run of a sampler that make_vectors.py worked out.
struct sampling_vector {
  constformer::sampling_options options;
  int vocab = 0;
  float scale = 0;
  std::vector<int> ids;
};

/// Those of vectors.json.
std::vector<sampling_vector> read_vectors();

/// make_vectors.py's logits.
std::vector<float> made_up_logits(std::uint32_t seed, int vocab, float scale);

#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "constformer/config/families.hpp"

/// What the toy programs and their tests agree on. The decoder's logits after position p peak at script[p % size], so a
/// test writes down what a run must print; the encoder's hidden states are a formula of id, segment and dim.
namespace toy {

inline constexpr int vocab = 288;  // the tokenizer has 286: models have padded vocabularies
inline constexpr int capacity = 24;
inline constexpr int width = 8;
inline constexpr std::uint64_t fingerprint = 0x0123456789ABCDEF;
inline constexpr std::int64_t weight_bytes = 256;
inline constexpr char packed_name[] = "toy.packed";

inline constexpr constformer::config decoder_config =
    constformer::llama({.layers = 1, .d_model = width, .heads = 2, .vocab = vocab, .positions = capacity});
inline constexpr constformer::config prefix_config = constformer::with(decoder_config, [](constformer::config& c) {
  c.mask = constformer::mask_kind::prefix;
  c.positions = c.capacity = 4 * capacity;
});
inline constexpr constformer::config encoder_config =
    constformer::bert({.layers = 1, .d_model = width, .heads = 2, .vocab = vocab, .positions = capacity});

/// Largest at the script's id for `position` (of the last token), smoothly less to both sides.
inline float logit(int id, int peak) {
  int const distance = id < peak ? peak - id : id - peak;
  return 4.0F - 0.05F * static_cast<float>(distance);
}

inline float hidden(int id, int segment, int dim) {
  return static_cast<float>(id) * 0.125F + static_cast<float>(dim) - 4.0F + 100.0F * static_cast<float>(segment);
}

inline float pooled(int id, int dim) { return static_cast<float>(id + dim) / 1024.0F; }

/// Comma-separated ids.
inline std::vector<int> read_script(std::string_view list) {
  std::vector<int> ids(1, 0);
  for (char const c : list) {
    if (c == ',')
      ids.push_back(0);
    else
      ids.back() = 10 * ids.back() + (c - '0');
  }
  return ids;
}

}  // namespace toy

#pragma once

#include "constformer/config/config.hpp"
#include "constformer/configs/nanogpt.hpp"

namespace constformer::configs {

/// nanoGPT's character model (config/train_shakespeare_char.py): 10,745,088 parameters, 10.65 million without
/// positions.
inline constexpr config nanogpt_char = with(nanogpt, [](config& c) {
  c.layers = 6;
  c.d_model = 384;
  c.heads = c.kv_heads = 6;
  c.head_dim = 64;
  c.d_ff = 1536;
  c.vocab = 65;
  c.positions = c.capacity = 256;
});

}  // namespace constformer::configs

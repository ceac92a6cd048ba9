#pragma once

#include <algorithm>
#include <cstdint>

#include "constformer/analysis/exact.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

/// Bytes of the f32 activations of a chunk of rows on their way through one block; every block uses the same memory.
struct activation_workspace {
  std::int64_t residual = 0;  ///< (rows, d_model)
  std::int64_t normed = 0;    ///< (rows, d_model)
  std::int64_t carried = 0;   ///< (rows, d_model) each: what entered block 0, and what left the middle one
  std::int64_t qkv = 0;       ///< (rows, (heads + 2·kv_heads)·head_dim)
  std::int64_t mixed = 0;     ///< (rows, heads·head_dim): what attention gives to its output projection
  std::int64_t hidden = 0;    ///< (rows, d_ff): gate and up are multiplied as they come, so that a gate takes no more
  std::int64_t logits = 0;    ///< (logit rows, vocab)

  /// Everything in a place of its own.
  [[nodiscard]] constexpr std::int64_t separate() const {
    return sum_of(residual, normed, carried, qkv, mixed, hidden, logits);
  }
  /// The least that suffices: attention, feed-forward and head never run at once, so their buffers may share one place.
  [[nodiscard]] constexpr std::int64_t shared() const {
    return sum_of(residual, normed, carried, std::max({sum_of(qkv, mixed), hidden, logits}));
  }
};

/// Activations of a chunk of `rows` tokens of which `logit_rows` go through the head.
[[nodiscard]] constexpr activation_workspace workspace_of(config const& c, std::int64_t rows, std::int64_t logit_rows) {
  constexpr int f32 = 4;
  activation_workspace w;
  w.residual = w.normed = product_of(f32, rows, c.d_model);
  w.carried = product_of(c.residual_gains + c.backout, w.residual);
  w.qkv = product_of(f32, rows, sum_of(c.heads, product_of(2, c.kv_heads)), c.head_dim);
  w.mixed = product_of(f32, rows, c.heads, c.head_dim);
  w.hidden = product_of(f32, rows, c.d_ff);
  w.logits = c.head != head_kind::none ? product_of(f32, logit_rows, c.vocab) : 0;
  return w;
}

/// Bytes of the f32 scores (heads, rows, keys) of one layer, which naive attention holds and tiled attention does not.
[[nodiscard]] constexpr std::int64_t naive_score_bytes(config const& c, std::int64_t rows, std::int64_t keys) {
  return product_of(4, c.heads, rows, keys);
}

}  // namespace constformer

#pragma once

#include <algorithm>
#include <cstdint>

#include "constformer/analysis/exact.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

/// One run of one sequence through the model: `tokens` rows go in, `past` rows of keys and values are cached already,
/// `logits` rows come out of the head.
struct forward_pass {
  std::int64_t tokens = 0;   ///< rows of the residual stream
  std::int64_t past = 0;     ///< rows already in the cache
  std::int64_t logits = 0;   ///< rows that the head sees
  std::int64_t source = 0;   ///< encoder-decoder models: keys of the source, which every row of the decoder sees
  std::int64_t encoded = 0;  ///< rows of the encoder's output that this pass makes keys and values of: source, once
  std::int64_t prefix = 0;   ///< rows that all queries see, under a prefix mask
};

/// A prompt of `tokens` rows through an empty cache; only its last row is turned into logits.
[[nodiscard]] constexpr forward_pass prefill_pass(std::int64_t tokens) { return {tokens, 0, 1}; }

/// One row whose query sees `context` keys, itself included.
[[nodiscard]] constexpr forward_pass decode_pass(std::int64_t context) { return {1, context - 1, 1}; }

/// A text of `tokens` rows with logits at every row, as in training and scoring.
[[nodiscard]] constexpr forward_pass scoring_pass(std::int64_t tokens) { return {tokens, 0, tokens}; }

/// A source of `tokens` rows through the encoder of an encoder-decoder model, taken as `encoder_of` it.
[[nodiscard]] constexpr forward_pass encoder_pass(std::int64_t tokens) { return {tokens, 0, 0}; }

/// `p` of a decoder beside an encoder: every row sees `source` keys besides. `encoded` of them are made in this pass:
/// all in the first one for a source, none later, whatever the number of beams.
[[nodiscard]] constexpr forward_pass with_source(forward_pass p, std::int64_t source, std::int64_t encoded) {
  p.source = source;
  p.encoded = encoded;
  return p;
}

namespace detail {

// 1 + 2 + … + n; one of the two factors is even.
constexpr std::int64_t triangle(std::int64_t n) {
  return n % 2 == 0 ? product_of(n / 2, sum_of(n, 1)) : product_of(n, n / 2 + 1);
}

}  // namespace detail

/// Layers whose queries see all keys that the mask lets through; the others have a window.
[[nodiscard]] constexpr int full_layers(config const& c) {
  return c.window > 0 ? c.unwindowed.count(c.layers) : c.layers;
}

/// (query, key) pairs of a layer without window, per head: query i of the pass sees past + i + 1 keys if causal, at
/// least `prefix` of them under a prefix mask, and all past + tokens keys if bidirectional. For a causal pass over T
/// tokens: T(T+1)/2.
[[nodiscard]] constexpr std::int64_t full_pairs(config const& c, forward_pass const& p) {
  std::int64_t const keys = sum_of(p.past, p.tokens);
  if (c.mask == mask_kind::bidirectional) return product_of(p.tokens, keys);
  std::int64_t const causal = detail::triangle(keys) - detail::triangle(p.past);
  std::int64_t const early = std::min(p.prefix, keys);  // queries before it see more than those up to themselves
  if (c.mask != mask_kind::prefix || early <= p.past) return causal;
  return sum_of(causal, product_of(early - p.past, early) - (detail::triangle(early) - detail::triangle(p.past)));
}

/// (query, key) pairs of a layer with the window of `c`, per head: query i of the pass sees min(past + i + 1, window)
/// keys.
[[nodiscard]] constexpr std::int64_t windowed_pairs(config const& c, forward_pass const& p) {
  if (c.window <= 0 || sum_of(p.past, p.tokens) <= c.window) return full_pairs(c, p);
  std::int64_t const growing = std::max<std::int64_t>(0, c.window - p.past);  // queries whose window is not full yet
  std::int64_t const grown = growing == 0 ? 0 : detail::triangle(c.window) - detail::triangle(p.past);
  return sum_of(grown, product_of(p.tokens - growing, c.window));
}

/// (query, key) pairs of the full rectangle, per head: what a kernel that does not skip masked tiles multiplies.
[[nodiscard]] constexpr std::int64_t dense_pairs(forward_pass const& p) {
  return product_of(p.tokens, sum_of(p.past, p.tokens));
}

}  // namespace constformer

#pragma once

#include <cstdint>

#include "constformer/analysis/exact.hpp"
#include "constformer/analysis/flops.hpp"
#include "constformer/analysis/traffic.hpp"

namespace constformer {

/// Operations of one head's attention as the lecture on KV caches counts them: 2·head_dim per score, 3 per softmax
/// entry (subtract, exponentiate, divide) and 2·head_dim per entry of P·V, together (4·head_dim + 3)·queries·keys.
[[nodiscard]] constexpr std::int64_t attention_operations(attention_extent const& a) {
  return product_of(sum_of(product_of(4, a.head_dim), 3), a.queries, a.keys);
}

/// Operations per byte of naive attention: 62.42 for 4096 queries and keys of 128 dims in f16, 0.99 for a single query.
[[nodiscard]] constexpr double naive_attention_intensity(attention_extent const& a, std::int64_t bytes) {
  return ratio_of(attention_operations(a), traffic_of_naive_attention(a, bytes).all().total());
}

/// Operations per byte of tiled attention: 2060 for 4096 queries and keys of 128 dims in f16 and one tile.
[[nodiscard]] constexpr double tiled_attention_intensity(attention_extent const& a, std::int64_t bytes,
                                                         std::int64_t tile_rows) {
  return ratio_of(attention_operations(a), traffic_of_tiled_attention(a, bytes, tile_rows).total());
}

/// FLOPs per byte of a whole pass: below the machine's own ratio of FLOP/s to bytes/s, memory is the limit (the
/// roofline of Williams, Waterman and Patterson 2009).
struct pass_intensity {
  double naive = 0;  ///< masked scores computed and kept in memory
  double tiled = 0;  ///< masked scores skipped, nothing kept
};

/// Arithmetic intensity of one pass of one sequence.
[[nodiscard]] constexpr pass_intensity intensity_of(config const& c, forward_pass const& p, storage const& s = {}) {
  flop_count const f = flops_of(c, p);
  pass_traffic const t = traffic_of(c, p, s);
  return {ratio_of(f.dense(), t.naive().total()), ratio_of(f.triangular(), t.tiled().total())};
}

}  // namespace constformer

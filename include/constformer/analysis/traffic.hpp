#pragma once

#include <algorithm>
#include <cstdint>

#include "constformer/analysis/exact.hpp"
#include "constformer/analysis/kv_cache.hpp"
#include "constformer/analysis/matrices.hpp"
#include "constformer/analysis/parameters.hpp"
#include "constformer/analysis/pass.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

/// Bytes that move between memory and the processor.
struct traffic {
  std::int64_t reads = 0;   ///< from memory
  std::int64_t writes = 0;  ///< to memory

  /// Both ways.
  [[nodiscard]] constexpr std::int64_t total() const { return sum_of(reads, writes); }
  /// Reads and writes apart.
  friend constexpr traffic operator+(traffic a, traffic b) {
    return {sum_of(a.reads, b.reads), sum_of(a.writes, b.writes)};
  }
};

/// Attention of one head: Q (queries, head_dim), K and V (keys, head_dim), output (queries, head_dim); nothing masked.
struct attention_extent {
  std::int64_t queries = 0;   ///< rows of Q
  std::int64_t keys = 0;      ///< rows of K and V
  std::int64_t head_dim = 0;  ///< columns of all three
};

/// The three steps of attention when scores S and probabilities P (queries, keys) go through memory.
struct naive_attention_traffic {
  traffic scores{};   ///< reads Q and K, writes S
  traffic softmax{};  ///< reads S, writes P
  traffic mix{};      ///< reads P and V, writes the output

  /// The three steps together.
  [[nodiscard]] constexpr traffic all() const { return scores + softmax + mix; }
};

/// Traffic of naive attention, values of `bytes` each. For N queries, N keys, two bytes: 8N² + 8N·head_dim.
/// Source: steps 1 to 3 of the standard algorithm in FlashAttention (arXiv:2205.14135).
[[nodiscard]] constexpr naive_attention_traffic traffic_of_naive_attention(attention_extent const& a,
                                                                           std::int64_t bytes) {
  std::int64_t const query = product_of(a.queries, a.head_dim, bytes);
  std::int64_t const key = product_of(a.keys, a.head_dim, bytes);
  std::int64_t const score = product_of(a.queries, a.keys, bytes);
  return {{sum_of(query, key), score}, {score, score}, {sum_of(score, key), query}};
}

/// Traffic of tiled attention with online softmax (FlashAttention, arXiv:2205.14135): scores never leave the processor;
/// each tile of `tile_rows` queries reads K and V once. With one tile: 4N·head_dim values, the least that any algorithm
/// moves.
[[nodiscard]] constexpr traffic traffic_of_tiled_attention(attention_extent const& a, std::int64_t bytes,
                                                           std::int64_t tile_rows) {
  std::int64_t const query = product_of(a.queries, a.head_dim, bytes);
  std::int64_t const key = product_of(a.keys, a.head_dim, bytes);
  std::int64_t const tiles = a.queries / tile_rows + (a.queries % tile_rows != 0 ? 1 : 0);
  return {sum_of(query, product_of(2, tiles, key)), query};
}

/// How values lie in memory while a model runs, and how attention is cut.
struct storage {
  dtype activations = dtype::f32;  ///< residual stream, queries, scores and all between layers
  kv_format kv{};                  ///< cached keys and values
  int tile_rows = 64;              ///< queries of one attention tile
};

/// Traffic of one pass of one sequence if nothing stays in the caches between operations. Point-wise work (norms,
/// rotations, biases, activations, residual additions) is taken as done where its operands pass by.
struct pass_traffic {
  traffic weights{};          ///< every matrix, norm and bias once, and a row of each embedding per token
  traffic activations{};      ///< inputs and outputs of the projections
  traffic cache{};            ///< keys and values written
  traffic attention_naive{};  ///< queries, keys, values, scores and probabilities, masked entries too
  traffic attention_tiled{};  ///< queries, keys and values that some query of the tile sees

  /// The pass with naive attention.
  [[nodiscard]] constexpr traffic naive() const { return weights + activations + cache + attention_naive; }
  /// The pass with tiled attention.
  [[nodiscard]] constexpr traffic tiled() const { return weights + activations + cache + attention_tiled; }
};

namespace detail {

// Keys and values are read once per kv head and tile; the query heads that share them go together.
constexpr std::int64_t tiled_key_rows(config const& c, int window, forward_pass const& p, std::int64_t tile_rows) {
  std::int64_t const keys = sum_of(p.past, p.tokens);
  std::int64_t rows = 0;
  for (std::int64_t first = 0; first < p.tokens; first += tile_rows) {
    std::int64_t const last = std::min(first + tile_rows, p.tokens);
    std::int64_t const seen = c.mask == mask_kind::bidirectional ? keys : p.past + last;
    std::int64_t const end = c.mask == mask_kind::prefix ? std::max(seen, std::min(p.prefix, keys)) : seen;
    std::int64_t const begin = window > 0 ? std::max<std::int64_t>(0, p.past + first + 1 - window) : 0;
    rows = sum_of(rows, end - begin);
  }
  return rows;
}

constexpr std::int64_t weight_reads(config const& c, forward_pass const& p) {
  std::int64_t const matrices =
      matrix_parameter_count(c) - (has_encoder(c) ? matrix_parameter_count(encoder_of(c)) : 0);
  parameter_breakdown const all = parameters_of(c);
  std::int64_t const vectors = all.total() - all.encoder - matrices - all.position_embedding - all.segment_embedding;
  std::int64_t const table_rows = (c.position == position_kind::learned ? 1 : 0) + (c.segments > 0 ? 1 : 0);
  std::int64_t const token_rows = c.smear_inputs > 0 ? 2 : 1;  // smearing embeds the token before once more
  std::int64_t sum = sum_of(
      product_of(4, vectors), product_of(p.tokens, token_rows, bytes_of(type_of(c, weight_kind::tokens), c.d_model)),
      product_of(4, p.tokens, table_rows, c.d_model),
      product_of(p.tokens, c.value_layers.count(c.layers), bytes_of(c.weights, product_of(c.kv_heads, c.head_dim))));
  for (matrix_kind const& m : matrices_of(c))
    if (m.rows(p) > 0 && !m.plain) sum = sum_of(sum, product_of(m.copies, bytes_of(c.weights, m.weights())));
  if (c.types.count == 0) return sum;
  return sum + other_type_bytes(c, [&](weight_kind kind) {
           if (kind == weight_kind::head) return p.logits > 0 && !c.tied;
           return kind == weight_kind::tokens ? p.logits > 0 && c.tied : true;
         });
}

constexpr traffic projection_traffic(config const& c, forward_pass const& p, std::int64_t bytes) {
  traffic sum;
  for (matrix_kind const& m : matrices_of(c)) {
    std::int64_t const rows = m.rows(p);
    sum = sum + traffic{product_of(m.copies, rows, m.inputs, bytes), product_of(m.copies, rows, m.outputs, bytes)};
  }
  return sum;
}

}  // namespace detail

/// Traffic of one pass of one sequence.
[[nodiscard]] constexpr pass_traffic traffic_of(config const& c, forward_pass const& p, storage const& s = {}) {
  std::int64_t const bytes = bytes_of(s.activations, 1);
  std::int64_t const keys = sum_of(p.past, p.tokens);
  std::int64_t const query_bytes = product_of(c.layers, c.heads, p.tokens, c.head_dim, bytes);
  std::int64_t const sources = has_encoder(c) ? p.source : 0;  // keys of cross-attention, read whole by every tile
  std::int64_t const crosses = sources > 0 ? 2 : 1;            // times that queries are read and mixes written
  std::int64_t const layer_row = product_of(2, c.kv_heads, detail::kv_row_bytes(s.kv, c.head_dim));  // and value
  std::int64_t const key_row = product_of(c.layers, layer_row);
  std::int64_t const tiles = p.tokens / s.tile_rows + (p.tokens % s.tile_rows != 0 ? 1 : 0);
  std::int64_t const scores = product_of(c.layers, c.heads, p.tokens, sum_of(keys, sources), bytes);
  std::int64_t const naive_keys = product_of(key_row, c.heads / c.kv_heads, sum_of(keys, sources));
  std::int64_t const full = full_layers(c);
  std::int64_t const tiled_keys =
      sum_of(product_of(layer_row, full, detail::tiled_key_rows(c, 0, p, s.tile_rows)),
             product_of(layer_row, c.layers - full, detail::tiled_key_rows(c, c.window, p, s.tile_rows)),
             product_of(key_row, tiles, sources));

  pass_traffic t;
  t.weights.reads = detail::weight_reads(c, p);
  t.activations = detail::projection_traffic(c, p, bytes);
  t.cache.writes = product_of(sum_of(p.tokens, p.encoded), key_row);
  t.attention_naive = {sum_of(product_of(crosses, query_bytes), naive_keys, product_of(2, scores)),
                       sum_of(product_of(crosses, query_bytes), product_of(2, scores))};
  t.attention_tiled = {sum_of(product_of(crosses, query_bytes), tiled_keys), product_of(crosses, query_bytes)};
  return t;
}

}  // namespace constformer

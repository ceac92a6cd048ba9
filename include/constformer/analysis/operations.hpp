#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "constformer/analysis/exact.hpp"
#include "constformer/analysis/matrices.hpp"
#include "constformer/analysis/parameters.hpp"
#include "constformer/analysis/pass.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"

namespace constformer {

/// What a product of matrices is.
/// - gemm: dense matrix times dense matrix.
/// - gemv: dense matrix times one vector; every gemm of a pass of one token, and its attention too, whose one query
///   sees all the keys that are left.
/// - sddmm: dense times dense of which only the unmasked entries are wanted: scores Q·Kᵀ under a causal mask.
/// - spmm: matrix with masked entries times dense: P·V, where P is lower triangular (a band under a window).
enum class operation_kind : std::uint8_t { gemm, gemv, sddmm, spmm };

/// The kind's usual name in capitals, as tables print it.
[[nodiscard]] constexpr std::string_view name_of(operation_kind kind) {
  switch (kind) {
    case operation_kind::gemm: return "GEMM";
    case operation_kind::gemv: return "GEMV";
    case operation_kind::sddmm: return "SDDMM";
    case operation_kind::spmm: return "SpMM";
  }
  return "?";
}

/// One row of the operation table: (rows, inner) x (inner, columns) => (rows, columns), `layers` · `per_layer` times a
/// pass.
struct operation {
  std::string_view name;                       ///< that of its matrix, or "scores" or "mix"
  operation_kind kind = operation_kind::gemm;  ///< in this pass
  std::int64_t layers = 0;         ///< how many layers have it; 1 if it stands outside of them, 0 if the model has none
  std::int64_t per_layer = 0;      ///< how often in a layer: once per head for what happens in heads
  std::int64_t rows = 0;           ///< tokens of the pass, or rows that the head sees
  std::int64_t columns = 0;        ///< of the result
  std::int64_t inner = 0;          ///< summed over
  std::int64_t multiply_adds = 0;  ///< of one occurrence, masked entries left out
  bool attends = false;            ///< multiplies by keys or values, not by weights

  /// How often a pass has it.
  [[nodiscard]] constexpr std::int64_t times() const { return product_of(layers, per_layer); }
  /// Multiply-adds of one occurrence as if nothing were masked.
  [[nodiscard]] constexpr std::int64_t dense_multiply_adds() const { return product_of(rows, columns, inner); }
};

namespace detail {

// A projection of `rows` rows; split by heads, each head's slice is an operation of its own.
constexpr operation projection(matrix_kind const& m, std::int64_t heads, std::int64_t rows) {
  std::int64_t const columns = heads > 0 ? m.outputs / heads : m.outputs;
  return {m.name,
          rows == 1 ? operation_kind::gemv : operation_kind::gemm,
          rows > 0 ? m.copies : 0,
          heads,
          rows,
          columns,
          m.inputs,
          product_of(rows, columns, m.inputs)};
}

constexpr operation_kind attention_kind(config const& c, forward_pass const& p, operation_kind masked) {
  if (p.tokens == 1) return operation_kind::gemv;
  return c.mask == mask_kind::bidirectional ? operation_kind::gemm : masked;
}

// In decoding there is one query, and keys that it does not see are not multiplied at all.
constexpr std::int64_t key_columns(forward_pass const& p, std::int64_t pairs) {
  return p.tokens == 1 ? pairs : sum_of(p.past, p.tokens);
}

constexpr operation scores(config const& c, forward_pass const& p, std::int64_t layers, std::int64_t pairs) {
  return {"scores",   attention_kind(c, p, operation_kind::sddmm),
          layers,     c.heads,
          p.tokens,   key_columns(p, pairs),
          c.head_dim, product_of(pairs, c.head_dim),
          true};
}

constexpr operation mix(config const& c, forward_pass const& p, std::int64_t layers, std::int64_t pairs) {
  return {"mix",
          attention_kind(c, p, operation_kind::spmm),
          layers,
          c.heads,
          p.tokens,
          c.head_dim,
          key_columns(p, pairs),
          product_of(pairs, c.head_dim),
          true};
}

// A product of queries with keys, or probabilities with values, of the source: nothing is masked.
constexpr operation cross_operation(std::string_view name, config const& c, forward_pass const& p, std::int64_t columns,
                                    std::int64_t inner) {
  return {name,
          p.tokens == 1 ? operation_kind::gemv : operation_kind::gemm,
          has_encoder(c) && p.source > 0 ? c.layers : 0,
          c.heads,
          p.tokens,
          columns,
          inner,
          product_of(p.tokens, columns, inner),
          true};
}

}  // namespace detail

/// Every matrix product of one pass of one sequence, counted as the founding note on nano-GPT counts them: q, k and v
/// apart and head by head, although kernels may merge them. Rows whose `times()` is 0 do not occur in this model or
/// pass.
[[nodiscard]] constexpr std::array<operation, 23> operations_of(config const& c, forward_pass const& p) {
  auto const [query, key, value, output, cross_query, cross_key, cross_value, cross_output, gate, up, down, transform,
              head, pooler, classifier, value_gate, smear_gate] = matrices_of(c);
  std::int64_t const full = full_layers(c);
  std::int64_t const windowed = c.layers - full;
  return {{
      detail::projection(query, c.heads, p.tokens),
      detail::projection(key, c.kv_heads, p.tokens),
      detail::projection(value, c.kv_heads, p.tokens),
      detail::scores(c, p, full, full_pairs(c, p)),
      detail::mix(c, p, full, full_pairs(c, p)),
      detail::projection(output, 1, p.tokens),
      detail::projection(gate, 1, p.tokens),
      detail::projection(up, 1, p.tokens),
      detail::projection(down, 1, p.tokens),
      detail::projection(transform, 1, p.logits),
      detail::projection(head, 1, p.logits),
      detail::projection(pooler, 1, 1),
      detail::projection(classifier, 1, classifier.rows(p)),
      detail::projection(cross_query, c.heads, p.tokens),
      detail::projection(cross_key, c.kv_heads, p.encoded),
      detail::projection(cross_value, c.kv_heads, p.encoded),
      detail::cross_operation("cross scores", c, p, p.source, c.head_dim),
      detail::cross_operation("cross mix", c, p, c.head_dim, p.source),
      detail::projection(cross_output, 1, p.tokens),
      detail::scores(c, p, windowed, windowed_pairs(c, p)),
      detail::mix(c, p, windowed, windowed_pairs(c, p)),
      detail::projection(value_gate, c.kv_heads, p.tokens),
      detail::projection(smear_gate, 1, p.tokens),
  }};
}

/// Operations on whole vectors (one token's row) in one pass. Their lengths: d_model, except where said.
struct vector_operations {
  std::int64_t embedding = 0;  ///< token + position (+ segment): one addition each
  std::int64_t norms =
      0;  ///< scale, and shift if it has a bias, of all norms over the stream (of a head's, per logit row)
  std::int64_t head_norms = 0;  ///< scale of queries and keys, per head (head_dim each)
  std::int64_t biases =
      0;  ///< additions: q, k, v per head (head_dim each), attention output, feed-forward, heads, pooler
  std::int64_t rotations = 0;    ///< rotary positions of queries and keys, per head (rotary_dims each)
  std::int64_t activations = 0;  ///< point-wise functions (d_ff each)
  std::int64_t gates = 0;        ///< products of activated gate and up (d_ff each)
  std::int64_t residuals = 0;    ///< additions to the residual stream
  std::int64_t mixing = 0;       ///< scaled additions besides: smear, the first block's input, backout
  std::int64_t values = 0;       ///< gated value embeddings added, per KV head (head_dim each)

  /// All vector operations.
  [[nodiscard]] constexpr std::int64_t total() const {
    return sum_of(embedding, norms, head_norms, biases, rotations, activations, gates, residuals, mixing, values);
  }
  /// Additions of two vectors: what the note's column "vec+vec" counts, norms included.
  [[nodiscard]] constexpr std::int64_t additions() const {
    return sum_of(embedding, norms, biases, residuals, mixing, values);
  }
};

namespace detail {

constexpr std::int64_t cross_biases(config const& c, forward_pass const& p) {
  if (!has_encoder(c)) return 0;
  std::int64_t const queries = product_of(p.tokens, c.heads);
  std::int64_t const keys = product_of(2, p.encoded, c.kv_heads);
  return product_of(c.layers, sum_of(c.bias_qkv ? sum_of(queries, keys) : 0, c.bias_attention_output ? p.tokens : 0));
}

}  // namespace detail

/// Vector operations of one pass of one sequence. The note counts layer norms in elements (C·T·L·2) and leaves the
/// final norm out; here they are counted in vectors as everything else: 2·T·(2·layers + 1).
[[nodiscard]] constexpr vector_operations vector_operations_of(config const& c, forward_pass const& p) {
  std::int64_t const token_layers = product_of(p.tokens, c.layers);
  vector_operations v;
  v.embedding = product_of(
      p.tokens, (c.position == position_kind::learned || is_sinusoid(c.position) ? 1 : 0) + (c.segments > 0 ? 1 : 0));
  std::int64_t const transforms = c.head == head_kind::masked_language_model ? p.logits : 0;
  std::int64_t const classified = c.labels == 0 ? 0 : c.classifier == classifier_kind::tokens ? p.tokens : 1;
  v.norms = product_of(sum_of(product_of(p.tokens, norms_of(c)), transforms), c.norm_bias ? 2 : 1);
  v.biases = sum_of(c.bias_qkv ? product_of(token_layers, sum_of(c.heads, product_of(2, c.kv_heads))) : 0,
                    c.bias_attention_output ? token_layers : 0,
                    c.bias_ffn ? product_of(token_layers, c.gated ? 3 : 2) : 0, c.pooler ? 1 : 0,
                    product_of(2, transforms), classified, detail::cross_biases(c, p), c.bias_head ? p.logits : 0);
  v.head_norms = c.qk_norm ? product_of(token_layers, sum_of(c.heads, c.kv_heads)) : 0;
  v.rotations = c.position == position_kind::rotary ? product_of(token_layers, sum_of(c.heads, c.kv_heads)) : 0;
  v.activations = token_layers;
  v.gates = c.gated ? token_layers : 0;
  v.residuals = product_of(has_encoder(c) ? 3 : 2, token_layers);
  v.mixing =
      product_of(p.tokens, sum_of(c.smear_inputs > 0 ? 1 : 0, c.residual_gains ? c.layers : 0, c.backout ? 1 : 0));
  v.values = product_of(p.tokens, c.value_layers.count(c.layers), c.kv_heads);
  return v;
}

/// How many operations of each kind one pass of one sequence has.
struct operation_counts {
  std::int64_t gemm = 0;        ///< matrix times matrix
  std::int64_t gemv = 0;        ///< matrix times vector
  std::int64_t sddmm = 0;       ///< masked scores
  std::int64_t spmm = 0;        ///< masked probabilities times values
  vector_operations vectors{};  ///< everything that is no matrix product

  /// What the founding note calls GEMM: it counts Q·Kᵀ, whose upper triangle it zeroes afterwards, among them.
  [[nodiscard]] constexpr std::int64_t gemm_with_scores() const { return sum_of(gemm, sddmm); }
};

/// Operations of one pass of one sequence by kind. For a GPT-2 of L layers and H heads scored at every token:
/// gemm_with_scores() = L(4H + 3) + 1 and spmm = HL; in decoding all of them become gemv.
[[nodiscard]] constexpr operation_counts count_operations(config const& c, forward_pass const& p) {
  operation_counts counts;
  for (operation const& o : operations_of(c, p)) {
    switch (o.kind) {
      case operation_kind::gemm: counts.gemm = sum_of(counts.gemm, o.times()); break;
      case operation_kind::gemv: counts.gemv = sum_of(counts.gemv, o.times()); break;
      case operation_kind::sddmm: counts.sddmm = sum_of(counts.sddmm, o.times()); break;
      case operation_kind::spmm: counts.spmm = sum_of(counts.spmm, o.times()); break;
    }
  }
  counts.vectors = vector_operations_of(c, p);
  return counts;
}

}  // namespace constformer

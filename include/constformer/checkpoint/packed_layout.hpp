#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/config/weight_types.hpp"
#include "constformer/core/dtype.hpp"

namespace constformer {

/// Output rows of a matrix are packed in panels of this many, a panel holding for each input column the values of its
/// rows: one broadcast input meets one cache line of weights. 16 floats are a line, one AVX-512, two AVX2 or four
/// 128-bit vectors.
inline constexpr int panel_rows = 16;

/// Every part of the weights section starts at a multiple of this.
inline constexpr std::int64_t packed_alignment = 64;

/// The smallest multiple of `multiple` that is at least `value`; both positive.
[[nodiscard]] constexpr std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Width of a row of activations or of a packed vector: whole panels, so that kernels have no tails.
[[nodiscard]] constexpr int padded(int width) { return static_cast<int>(round_up(width, panel_rows)); }

/// Input columns of one line of a panel: bf16 keeps pairs of columns together, (cols/2, 16, 2), so that a 32-bit lane
/// holds both. Types with scales keep groups of columns together (packed_blocks.hpp).
[[nodiscard]] constexpr int line_columns(dtype type) {
  return type == dtype::bf16 ? 2 : static_cast<int>(group_of(type).values);
}

/// Input columns of one panel as stored: whole lines, the last one filled up with zeros.
[[nodiscard]] constexpr std::int64_t packed_depth(dtype type, int cols) { return round_up(cols, line_columns(type)); }

/// Panels of types without scales lie in bundles of this many, (lines, 4, 16), the last one of a matrix narrower: a
/// single row of inputs needs four chains of additions to hide their latency, and so reads all four from one place of
/// memory, in order.
inline constexpr int bundle_panels = 4;

/// Panels whose lines lie in turn. Those of types with scales lie one after the other: the sums of a block are chains
/// enough.
[[nodiscard]] constexpr int panels_of_bundle(dtype type) { return quantisation_group(type) > 0 ? 1 : bundle_panels; }

/// Which lines of a matrix a panel has: `first`, and every `step`-th after it.
struct panel_lines {
  std::int64_t first;  ///< counted from the start of the matrix
  std::int64_t step;   ///< lines: panels of the bundle
};

/// Those of panel `panel` of a matrix of `panels` panels of `lines` lines each, in bundles of `bundle`.
[[nodiscard]] constexpr panel_lines lines_of(std::int64_t panel, std::int64_t panels, std::int64_t lines, int bundle) {
  std::int64_t const start = panel - panel % bundle;
  return {start * lines + panel % bundle, panels - start < bundle ? panels - start : bundle};
}

/// A matrix in panels.
struct matrix_shape {
  std::int64_t rows;  ///< outputs
  int cols;           ///< inputs
};

/// The line of a matrix in panels that holds (row, column).
[[nodiscard]] constexpr std::int64_t line_of(dtype type, matrix_shape shape, std::int64_t row, std::int64_t column) {
  panel_lines const lines = lines_of(row / panel_rows, round_up(shape.rows, panel_rows) / panel_rows,
                                     packed_depth(type, shape.cols) / line_columns(type), panels_of_bundle(type));
  return lines.first + column / line_columns(type) * lines.step;
}

/// The element of a matrix of f32, f16 or bf16 in panels that is (row, column).
[[nodiscard]] constexpr std::int64_t element_of(dtype type, matrix_shape shape, std::int64_t row, std::int64_t column) {
  int const together = line_columns(type);
  return (line_of(type, shape, row, column) * panel_rows + row % panel_rows) * together + column % together;
}

/// Bytes of a matrix (rows, cols) in panels.
[[nodiscard]] constexpr std::int64_t panel_bytes(dtype type, std::int64_t rows, int cols) {
  return bytes_of(type, round_up(rows, panel_rows) * packed_depth(type, cols));
}

/// Bytes of one row of `cols` values that is looked up: padded like a row of activations, or in groups as GGUF has
/// them.
[[nodiscard]] constexpr std::int64_t row_bytes(dtype type, int cols) {
  return bytes_of(type, quantisation_group(type) > 0 ? packed_depth(type, cols) : padded(cols));
}

/// Matrices of one kind that have one type: that of the i-th of `layers` lies at offset + i·stride of the section.
struct packed_run {
  dtype type = dtype::f32;  ///< as packed
  layer_set layers{};       ///< unused if the kind has one type only: all layers
  std::int64_t offset = 0;  ///< bytes
  std::int64_t stride = 0;  ///< bytes
};

/// All matrices of one kind.
struct packed_runs {
  static constexpr int limit = 4;  ///< types that one kind of matrix may have
  packed_run list[limit]{};        ///< those from `count` on are unused
  int count = 0;                   ///< 1: they lie within the blocks, else each run by itself

  /// The run of a layer's matrix.
  [[nodiscard]] constexpr packed_run const& of(int layer) const {
    int i = 0;
    while (i + 1 < count && !list[i].layers.contains(layer)) ++i;
    return list[i];
  }
  /// Where a layer's matrix lies.
  [[nodiscard]] constexpr std::int64_t at(int layer) const {
    packed_run const& run = of(layer);
    return run.offset + (count == 1 ? layer : run.layers.count(layer)) * run.stride;
  }
};

/// The types that matrices of a kind have, in the order in which layers have them; not yet where.
[[nodiscard]] constexpr packed_runs types_of(config const& c, weight_kind kind) {
  packed_runs runs;
  for (int layer = 0; layer < c.layers; ++layer) {
    dtype const type = type_of(c, kind, layer);
    int i = 0;
    while (i < runs.count && runs.list[i].type != type) ++i;
    if (i == packed_runs::limit) continue;  // `first_misfit` refuses that
    if (i == runs.count) runs.list[runs.count++].type = type;
    if (layer < layer_set::limit) runs.list[i].layers.add(layer);
    if (c.types.count == 0) break;
  }
  return runs;
}

/// Whether query, key and value are one matrix: each layer has one type for all three.
[[nodiscard]] constexpr bool fuses_qkv(config const& c) {
  for (int layer = 0; layer < c.layers && c.types.count > 0; ++layer)
    for (weight_kind const part : {weight_kind::key, weight_kind::value})
      if (type_of(c, part, layer) != type_of(c, weight_kind::query, layer)) return false;
  return true;
}

/// Byte offsets of one block's parts from the start of the block; parts that a config does not have take no bytes.
struct packed_block {
  std::int64_t attention_norm = 0;           ///< f32 (d_model)
  std::int64_t attention_norm_bias = 0;      ///< f32 (d_model)
  std::int64_t qkv = 0;                      ///< panels of [query; key; value] ((heads + 2·kv_heads)·head_dim, d_model)
  std::int64_t key = 0;                      ///< panels (kv_heads·head_dim, d_model), if qkv is query alone
  std::int64_t value = 0;                    ///< panels (kv_heads·head_dim, d_model), likewise
  std::int64_t qkv_bias = 0;                 ///< f32
  std::int64_t query_norm = 0;               ///< f32 (head_dim), in the order in which the dims rotate
  std::int64_t key_norm = 0;                 ///< f32 (head_dim)
  std::int64_t output = 0;                   ///< panels (d_model, heads·head_dim)
  std::int64_t output_bias = 0;              ///< f32
  std::int64_t attention_out_norm = 0;       ///< f32 (d_model); sandwich only
  std::int64_t attention_out_norm_bias = 0;  ///< f32 (d_model); sandwich only
  std::int64_t cross_norm = 0;               ///< f32 (d_model); cross-attention is in decoders that have an encoder
  std::int64_t cross_norm_bias = 0;          ///< f32 (d_model)
  std::int64_t cross_query = 0;              ///< panels (heads·head_dim, d_model)
  std::int64_t cross_query_bias = 0;         ///< f32
  std::int64_t cross_kv = 0;           ///< panels of [key; value] (2·kv_heads·head_dim, d_model), read once per source
  std::int64_t cross_kv_bias = 0;      ///< f32
  std::int64_t cross_output = 0;       ///< panels (d_model, heads·head_dim)
  std::int64_t cross_output_bias = 0;  ///< f32
  std::int64_t ffn_norm = 0;           ///< f32
  std::int64_t ffn_norm_bias = 0;      ///< f32
  std::int64_t up = 0;                 ///< panels of up (d_ff, d_model); gated: gate and up panels in turn
  std::int64_t up_bias = 0;            ///< f32, in the order of the panels
  std::int64_t down = 0;               ///< panels (d_model, d_ff)
  std::int64_t down_bias = 0;          ///< f32
  std::int64_t ffn_out_norm = 0;       ///< f32 (d_model); sandwich only
  std::int64_t ffn_out_norm_bias = 0;  ///< f32 (d_model); sandwich only
  std::int64_t bytes = 0;              ///< of one block, its padding included
};

/// Byte offsets in the weights section of a packed file.
struct packed_layout {
  packed_block block;                ///< offsets within each block
  packed_runs runs[weight_kinds]{};  ///< of every kind of matrix, but of tokens and head; `of` finds them
  std::int64_t encoder = 0;          ///< a section of its own, laid out as `encoder_of` the config
  std::int64_t tokens = 0;           ///< untied or no head: rows (vocab, d_model). Tied: panels, shared with the head
  std::int64_t positions = 0;        ///< f32 rows (first_position + positions, d_model)
  std::int64_t segments = 0;         ///< f32 rows (segments, d_model)
  std::int64_t relative = 0;         ///< f32 rows (buckets, heads)
  std::int64_t smear_gate = 0;       ///< f32 row (1, smear_inputs)
  std::int64_t smear_gain = 0;       ///< f32 (1)
  std::int64_t residual_gains = 0;   ///< f32 (layers)
  std::int64_t embedding_gains = 0;  ///< f32 (layers)
  std::int64_t backout_gain = 0;     ///< f32 (1)
  std::int64_t value_layers = 0;  ///< the first layer with value embeddings: rows (vocab, kv_heads·head_dim), then gate
  std::int64_t value_gate = 0;    ///< from such a layer's rows to its gate: f32 rows (kv_heads, value_gate_inputs)
  std::int64_t value_bytes = 0;   ///< from one such layer to the next
  std::int64_t embedding_norm = 0;       ///< f32 (d_model)
  std::int64_t embedding_norm_bias = 0;  ///< f32 (d_model)
  std::int64_t blocks = 0;               ///< the first block; `layers` of them, block.bytes apart
  std::int64_t final_norm = 0;           ///< f32 (d_model); pre-norm only
  std::int64_t final_norm_bias = 0;      ///< f32 (d_model); pre-norm only
  std::int64_t head_transform = 0;       ///< panels (d_model, d_model); masked language models only
  std::int64_t head_transform_bias = 0;  ///< f32 (d_model)
  std::int64_t head_norm = 0;            ///< f32 (d_model)
  std::int64_t head_norm_bias = 0;       ///< f32 (d_model)
  std::int64_t head = 0;                 ///< panels (vocab, d_model); tied: equal to tokens
  std::int64_t head_bias = 0;            ///< f32 (vocab)
  std::int64_t pooler = 0;               ///< panels (d_model, d_model)
  std::int64_t pooler_bias = 0;          ///< f32 (d_model)
  std::int64_t classifier = 0;           ///< panels (labels, d_model)
  std::int64_t classifier_bias = 0;      ///< f32 (labels)
  std::int64_t bytes = 0;                ///< of the whole section

  /// Where the matrices of a kind lie; query's are those of qkv.
  [[nodiscard]] constexpr packed_runs const& of(weight_kind kind) const { return runs[static_cast<std::size_t>(kind)]; }
};

namespace detail {

struct packed_cursor {
  std::int64_t at = 0;
  constexpr std::int64_t take(bool present, std::int64_t bytes) {
    std::int64_t const start = at;
    if (present) at = round_up(at + bytes, packed_alignment);
    return start;
  }
  constexpr std::int64_t vector(bool present, int width) { return take(present, bytes_of(dtype::f32, padded(width))); }
  constexpr std::int64_t panels(config const& c, bool present, std::int64_t rows, int cols) {
    return take(present, panel_bytes(c.weights, rows, cols));
  }
  // Of a block; matrices of several types lie elsewhere.
  constexpr std::int64_t panels(config const& c, weight_kind kind, bool present, std::int64_t rows, int cols) {
    packed_runs const runs = types_of(c, kind);
    return take(present && runs.count == 1, panel_bytes(runs.list[0].type, rows, cols));
  }
};

}  // namespace detail

/// Rows of the fused query, key and value matrix.
[[nodiscard]] constexpr int qkv_rows(config const& c) { return (c.heads + 2 * c.kv_heads) * c.head_dim; }

/// Rows of the fused key and value matrix of cross-attention.
[[nodiscard]] constexpr int cross_kv_rows(config const& c) { return 2 * c.kv_heads * c.head_dim; }

/// Rows of the fused up matrix: gate and up panels in turn when gated, each padded to whole panels.
[[nodiscard]] constexpr int up_rows(config const& c) { return c.gated ? 2 * padded(c.d_ff) : c.d_ff; }

/// Where each part of one block lies.
[[nodiscard]] constexpr packed_block packed_block_of(config const& c) {
  bool const sandwich = c.place == norm_place::sandwich;
  detail::packed_cursor next;
  packed_block b;
  b.attention_norm = next.vector(c.norm_weight, c.d_model);
  b.attention_norm_bias = next.vector(c.norm_bias, c.d_model);
  bool const fused = fuses_qkv(c);
  int const kv_rows = c.kv_heads * c.head_dim;
  b.qkv = next.panels(c, weight_kind::query, true, fused ? qkv_rows(c) : c.heads * c.head_dim, c.d_model);
  b.key = next.panels(c, weight_kind::key, !fused, kv_rows, c.d_model);
  b.value = next.panels(c, weight_kind::value, !fused, kv_rows, c.d_model);
  b.qkv_bias = next.vector(c.bias_qkv, qkv_rows(c));
  b.query_norm = next.vector(c.qk_norm && c.norm_weight, c.head_dim);
  b.key_norm = next.vector(c.qk_norm && c.norm_weight, c.head_dim);
  b.output = next.panels(c, weight_kind::output, true, c.d_model, c.heads * c.head_dim);
  b.output_bias = next.vector(c.bias_attention_output, c.d_model);
  b.attention_out_norm = next.vector(sandwich && c.norm_weight, c.d_model);
  b.attention_out_norm_bias = next.vector(sandwich && c.norm_bias, c.d_model);
  bool const cross = has_encoder(c);
  b.cross_norm = next.vector(cross && c.norm_weight, c.d_model);
  b.cross_norm_bias = next.vector(cross && c.norm_bias, c.d_model);
  b.cross_query = next.panels(c, weight_kind::cross_query, cross, c.heads * c.head_dim, c.d_model);
  b.cross_query_bias = next.vector(cross && c.bias_qkv, c.heads * c.head_dim);
  b.cross_kv = next.panels(c, weight_kind::cross_kv, cross, cross_kv_rows(c), c.d_model);
  b.cross_kv_bias = next.vector(cross && c.bias_qkv, cross_kv_rows(c));
  b.cross_output = next.panels(c, weight_kind::cross_output, cross, c.d_model, c.heads * c.head_dim);
  b.cross_output_bias = next.vector(cross && c.bias_attention_output, c.d_model);
  b.ffn_norm = next.vector(c.norm_weight, c.d_model);
  b.ffn_norm_bias = next.vector(c.norm_bias, c.d_model);
  b.up = next.panels(c, weight_kind::up, true, up_rows(c), c.d_model);
  b.up_bias = next.vector(c.bias_ffn, up_rows(c));
  b.down = next.panels(c, weight_kind::down, true, c.d_model, c.d_ff);
  b.down_bias = next.vector(c.bias_ffn, c.d_model);
  b.ffn_out_norm = next.vector(sandwich && c.norm_weight, c.d_model);
  b.ffn_out_norm_bias = next.vector(sandwich && c.norm_bias, c.d_model);
  b.bytes = next.at;
  return b;
}

namespace detail {

// What nanochat has besides blocks.
constexpr void place_mixing(packed_cursor& next, config const& c, packed_layout& p) {
  p.smear_gate = next.vector(c.smear_inputs > 0, c.smear_inputs);
  p.smear_gain = next.vector(c.smear_inputs > 0, 1);
  p.residual_gains = next.vector(c.residual_gains, c.layers);
  p.embedding_gains = next.vector(c.residual_gains, c.layers);
  p.backout_gain = next.vector(c.backout, 1);
  if (c.value_layers.empty()) return;
  packed_cursor one;
  one.take(true, c.vocab * row_bytes(c.weights, c.kv_heads * c.head_dim));
  p.value_gate = one.at;
  one.take(true, bytes_of(dtype::f32, std::int64_t{c.kv_heads} * padded(c.value_gate_inputs)));
  p.value_bytes = one.at;
  p.value_layers = next.take(true, one.at * c.value_layers.count(c.layers));
}

}  // namespace detail

namespace detail {

// Matrices of several types follow on the blocks, run by run.
constexpr void place_runs(packed_cursor& next, config const& c, packed_layout& p) {
  bool const fused = fuses_qkv(c), cross = has_encoder(c);
  int const query_rows = c.heads * c.head_dim, kv_rows = c.kv_heads * c.head_dim;
  auto const place = [&](weight_kind kind, std::int64_t in_block, std::int64_t rows, int cols) {
    packed_runs runs = types_of(c, kind);
    for (int i = 0; i < runs.count; ++i) {
      packed_run& run = runs.list[i];
      run.stride = runs.count == 1 ? p.block.bytes : round_up(panel_bytes(run.type, rows, cols), packed_alignment);
      run.offset = runs.count == 1 ? p.blocks + in_block : next.take(true, run.stride * run.layers.count(c.layers));
    }
    p.runs[static_cast<std::size_t>(kind)] = runs;
  };
  place(weight_kind::query, p.block.qkv, fused ? qkv_rows(c) : query_rows, c.d_model);
  if (!fused) place(weight_kind::key, p.block.key, kv_rows, c.d_model);
  if (!fused) place(weight_kind::value, p.block.value, kv_rows, c.d_model);
  place(weight_kind::output, p.block.output, c.d_model, query_rows);
  if (cross) place(weight_kind::cross_query, p.block.cross_query, query_rows, c.d_model);
  if (cross) place(weight_kind::cross_kv, p.block.cross_kv, cross_kv_rows(c), c.d_model);
  if (cross) place(weight_kind::cross_output, p.block.cross_output, c.d_model, query_rows);
  place(weight_kind::up, p.block.up, up_rows(c), c.d_model);
  place(weight_kind::down, p.block.down, c.d_model, c.d_ff);
}

}  // namespace detail

/// Where everything lies, in the order in which a forward pass reads it.
[[nodiscard]] constexpr packed_layout packed_layout_of(config const& c) {
  bool const post = c.place == norm_place::post;
  bool const fills = c.head == head_kind::masked_language_model;
  std::int64_t const embedding_bytes = c.vocab * row_bytes(type_of(c, weight_kind::tokens), c.d_model);
  detail::packed_cursor next;
  packed_layout p;
  p.block = packed_block_of(c);
  if (has_encoder(c)) p.encoder = next.take(true, packed_layout_of(encoder_of(c)).bytes);
  p.tokens = next.take(!c.tied && !c.shared_tokens, embedding_bytes);
  p.positions = next.take(c.position == position_kind::learned,
                          bytes_of(dtype::f32, std::int64_t{c.first_position + c.positions} * padded(c.d_model)));
  p.segments = next.take(c.segments > 0, bytes_of(dtype::f32, std::int64_t{c.segments} * padded(c.d_model)));
  p.relative = next.take(c.position == position_kind::relative,
                         bytes_of(dtype::f32, std::int64_t{c.relative.buckets} * padded(c.heads)));
  detail::place_mixing(next, c, p);
  p.embedding_norm = next.vector(c.embedding_norm && c.norm_weight, c.d_model);
  p.embedding_norm_bias = next.vector(c.embedding_norm && c.norm_bias, c.d_model);
  p.blocks = next.take(true, p.block.bytes * c.layers);
  detail::place_runs(next, c, p);
  p.final_norm = next.vector(!post && c.norm_weight, c.d_model);
  p.final_norm_bias = next.vector(!post && c.norm_bias, c.d_model);
  p.head_transform = next.panels(c, fills, c.d_model, c.d_model);
  p.head_transform_bias = next.vector(fills, c.d_model);
  p.head_norm = next.vector(fills && c.norm_weight, c.d_model);
  p.head_norm_bias = next.vector(fills && c.norm_bias, c.d_model);
  p.head = next.take(c.head != head_kind::none, panel_bytes(type_of(c, weight_kind::head), c.vocab, c.d_model));
  p.head_bias = next.vector(fills || c.bias_head, c.vocab);
  if (c.tied) p.tokens = p.head;
  p.pooler = next.panels(c, c.pooler, c.d_model, c.d_model);
  p.pooler_bias = next.vector(c.pooler, c.d_model);
  p.classifier = next.panels(c, c.labels > 0, c.labels, c.d_model);
  p.classifier_bias = next.vector(c.labels > 0, c.labels);
  p.bytes = next.at;
  return p;
}

}  // namespace constformer

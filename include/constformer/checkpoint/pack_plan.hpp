#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/encoder.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/core/text.hpp"

namespace constformer {

/// How a parameter is stored in the weights section.
enum class packed_kind : std::uint8_t { vector, rows, panels };

/// Where one parameter (of each layer, if its name has a `*`) goes. Its rows need not be neighbours: they may be woven
/// into panels of another parameter, and a head's rows may be put in the order in which they rotate.
struct pack_step {
  parameter_name parameter{};              ///< ours, as in the parameter table
  packed_kind kind = packed_kind::vector;  ///< how its values lie
  dtype type = dtype::f32;                 ///< as packed
  int rows = 0;                            ///< of the parameter (rows, cols); length of a vector
  int cols = 0;                            ///< 0: a vector
  int matrix_rows = 0;                     ///< of the matrix in panels that it is in, or a part of
  int layers = 1;                          ///< times that the `*` of its name stands for
  std::int64_t offset = 0;                 ///< bytes; of the first layer's matrix or vector
  std::int64_t layer_stride = 0;           ///< bytes from one layer's to the next
  bool typed = false;                      ///< a matrix that may have a type of its own
  weight_kind matrix{};                    ///< which, if `typed`
  bool encoder = false;                    ///< of an encoder-decoder model's encoder
  packed_runs runs{};                      ///< instead of type, offset and stride where layers have several types
  int first_row = 0;                       ///< row r goes to row first_row + (r/16)·panel_step·16 + r%16
  int panel_step = 1;     ///< panels from one of its panels to the next; 2: woven with another parameter
  float addend = 0.0F;    ///< added to each value of a vector
  int rotary_planes = 1;  ///< parts of the rotating rows, each put in order by itself
  /// Rows (j, j + rotary_dims/2) of each head (or of each plane) become neighbours (2j, 2j+1); 0: order is kept.
  int rotary_dims = 0;

  /// As packed, in that layer.
  [[nodiscard]] constexpr dtype type_in(int layer) const { return runs.count > 1 ? runs.of(layer).type : type; }
  /// Where that layer's matrix or vector begins.
  [[nodiscard]] constexpr std::int64_t offset_in(int layer) const {
    return runs.count > 1 ? runs.at(layer) : offset + layer * layer_stride;
  }
};

/// The row of the packed matrix that row `row` of the parameter goes to.
[[nodiscard]] constexpr int packed_row(pack_step const& step, int head_dim, int row) {
  if (step.rotary_dims > 0) {
    int const dims = step.rotary_dims / step.rotary_planes;
    int const half = dims / 2;
    int const within = row % head_dim % dims;
    if (row % head_dim < step.rotary_dims) row += (within < half ? 2 * within : 2 * (within - half) + 1) - within;
  }
  return step.first_row + row / panel_rows * step.panel_step * panel_rows + row % panel_rows;
}

/// The steps that fill the weights section of a config.
struct pack_plan {
  static constexpr std::size_t capacity = 96;  ///< more than any config has parameters
  std::array<pack_step, capacity> steps{};     ///< those from `size` on are unused
  std::size_t size = 0;                        ///< steps in use

  /// The steps in use.
  [[nodiscard]] constexpr std::span<pack_step const> view() const { return {steps.data(), size}; }
};

namespace detail {

struct plan_writer {
  config const& c;
  pack_plan& plan;
  std::string_view part{};  // before every name: "encoder.", "decoder." or nothing
  std::int64_t start = 0;   // of this stack's section
  std::int64_t base = 0;    // of what is being written: the section, or the first block
  std::int64_t stride = 0;  // from layer to layer
  int layers = 1;           // that have what is being written
  packed_layout layout{};

  constexpr void put(bool present, std::string_view name, pack_step step, std::int64_t offset) {
    if (!present) return;
    step.parameter << part << name;
    step.encoder = part == "encoder.";
    step.layers = layers;
    step.offset = base + offset;
    step.layer_stride = stride;
    plan.steps[plan.size++] = step;
  }
  constexpr void vector(bool present, std::string_view name, int width, std::int64_t offset, pack_step step = {}) {
    step.rows = width;
    put(present, name, step, offset);
  }
  constexpr void matrix(bool present, packed_kind kind, std::string_view name, int rows, int cols, std::int64_t offset,
                        pack_step step = {}) {
    step.kind = kind;
    step.type = c.weights;
    step.rows = rows;
    step.cols = cols;
    if (step.matrix_rows == 0) step.matrix_rows = rows;
    put(present, name, step, offset);
  }
  // Of a block, or of several types. `kind` is that of the matrix in panels.
  constexpr void weights(bool present, weight_kind kind, std::string_view name, int rows, int cols, pack_step step = {},
                         weight_kind own = {}) {
    if (!present) return;
    step.typed = true;
    step.matrix = own == weight_kind{} ? kind : own;
    packed_runs runs = layout.of(kind);
    for (int i = 0; i < runs.count; ++i) runs.list[i].offset += start;
    matrix(true, packed_kind::panels, name, rows, cols, runs.list[0].offset - base, step);
    pack_step& put = plan.steps[plan.size - 1];
    put.type = runs.list[0].type;
    if (runs.count > 1) put.runs = runs;
  }
  // Tables whose rows are added as they are, and rows of gates, stay f32.
  constexpr void table(bool present, std::string_view name, int rows, int cols, std::int64_t offset) {
    matrix(present, packed_kind::rows, name, rows, cols, offset);
    if (present) plan.steps[plan.size - 1].type = dtype::f32;
  }

  // Of what was written last.
  constexpr void set_type(weight_kind kind) {
    pack_step& last = plan.steps[plan.size - 1];
    last.typed = true;
    last.matrix = kind;
    last.type = type_of(c, kind);
  }

  constexpr void norm(bool present, std::string_view name, int width, std::int64_t offset, int rotated = 0) {
    vector(present && c.norm_weight, name, width, offset,
           {.addend = c.norm_adds_one ? 1.0F : 0.0F, .rotary_planes = c.rope.planes, .rotary_dims = rotated});
  }

  constexpr void attention(packed_block const& b) {
    int const rotated =
        c.position == position_kind::rotary && c.rope.style == rope_style::half_split ? c.rope.rotary_dims : 0;
    int const q = c.heads * c.head_dim;
    int const kv = c.kv_heads * c.head_dim;
    pack_step const query{.matrix_rows = qkv_rows(c), .rotary_planes = c.rope.planes, .rotary_dims = rotated};
    pack_step key = query;
    key.first_row = q;
    pack_step const value{.matrix_rows = qkv_rows(c), .first_row = q + kv};
    bool const fused = fuses_qkv(c);
    auto const placed = [&](pack_step step, int rows) {  // of the fused matrix, or one by itself
      if (!fused) step.matrix_rows = rows, step.first_row = 0;
      return step;
    };
    auto const kind_of = [&](weight_kind kind) { return fused ? weight_kind::query : kind; };
    weights(true, weight_kind::query, "blocks.*.attention.query.weight", q, c.d_model, placed(query, q));
    weights(true, kind_of(weight_kind::key), "blocks.*.attention.key.weight", kv, c.d_model, placed(key, kv),
            weight_kind::key);
    weights(true, kind_of(weight_kind::value), "blocks.*.attention.value.weight", kv, c.d_model, placed(value, kv),
            weight_kind::value);
    vector(c.bias_qkv, "blocks.*.attention.query.bias", q, b.qkv_bias, query);
    vector(c.bias_qkv, "blocks.*.attention.key.bias", kv, b.qkv_bias, key);
    vector(c.bias_qkv, "blocks.*.attention.value.bias", kv, b.qkv_bias, value);
    norm(c.qk_norm, "blocks.*.attention.query_norm.weight", c.head_dim, b.query_norm, rotated);
    norm(c.qk_norm, "blocks.*.attention.key_norm.weight", c.head_dim, b.key_norm, rotated);
    weights(true, weight_kind::output, "blocks.*.attention.output.weight", c.d_model, q);
    vector(c.bias_attention_output, "blocks.*.attention.output.bias", c.d_model, b.output_bias);
  }

  constexpr void cross(packed_block const& b) {
    bool const biased = has_encoder(c) && c.bias_qkv;
    int const q = c.heads * c.head_dim;
    int const kv = c.kv_heads * c.head_dim;
    pack_step const key{.matrix_rows = cross_kv_rows(c)};
    pack_step const value{.matrix_rows = cross_kv_rows(c), .first_row = kv};
    norm(has_encoder(c), "blocks.*.cross_norm.weight", c.d_model, b.cross_norm);
    vector(has_encoder(c) && c.norm_bias, "blocks.*.cross_norm.bias", c.d_model, b.cross_norm_bias);
    weights(has_encoder(c), weight_kind::cross_query, "blocks.*.cross.query.weight", q, c.d_model);
    weights(has_encoder(c), weight_kind::cross_kv, "blocks.*.cross.key.weight", kv, c.d_model, key);
    weights(has_encoder(c), weight_kind::cross_kv, "blocks.*.cross.value.weight", kv, c.d_model, value);
    vector(biased, "blocks.*.cross.query.bias", q, b.cross_query_bias);
    vector(biased, "blocks.*.cross.key.bias", kv, b.cross_kv_bias);
    vector(biased, "blocks.*.cross.value.bias", kv, b.cross_kv_bias, value);
    weights(has_encoder(c), weight_kind::cross_output, "blocks.*.cross.output.weight", c.d_model, q);
    vector(has_encoder(c) && c.bias_attention_output, "blocks.*.cross.output.bias", c.d_model, b.cross_output_bias);
  }

  constexpr void ffn(packed_block const& b) {
    pack_step const gate{.matrix_rows = up_rows(c), .panel_step = 2};
    pack_step const up{.matrix_rows = up_rows(c), .first_row = c.gated ? panel_rows : 0, .panel_step = c.gated ? 2 : 1};
    weights(c.gated, weight_kind::up, "blocks.*.ffn.gate.weight", c.d_ff, c.d_model, gate);
    weights(true, weight_kind::up, "blocks.*.ffn.up.weight", c.d_ff, c.d_model, up);
    vector(c.gated && c.bias_ffn, "blocks.*.ffn.gate.bias", c.d_ff, b.up_bias, gate);
    vector(c.bias_ffn, "blocks.*.ffn.up.bias", c.d_ff, b.up_bias, up);
    weights(true, weight_kind::down, "blocks.*.ffn.down.weight", c.d_model, c.d_ff);
    vector(c.bias_ffn, "blocks.*.ffn.down.bias", c.d_model, b.down_bias);
  }

  constexpr void block(packed_block const& b) {
    bool const sandwich = c.place == norm_place::sandwich;
    norm(true, "blocks.*.attention_norm.weight", c.d_model, b.attention_norm);
    vector(c.norm_bias, "blocks.*.attention_norm.bias", c.d_model, b.attention_norm_bias);
    attention(b);
    norm(sandwich, "blocks.*.attention_out_norm.weight", c.d_model, b.attention_out_norm);
    vector(sandwich && c.norm_bias, "blocks.*.attention_out_norm.bias", c.d_model, b.attention_out_norm_bias);
    cross(b);
    norm(true, "blocks.*.ffn_norm.weight", c.d_model, b.ffn_norm);
    vector(c.norm_bias, "blocks.*.ffn_norm.bias", c.d_model, b.ffn_norm_bias);
    ffn(b);
    norm(sandwich, "blocks.*.ffn_out_norm.weight", c.d_model, b.ffn_out_norm);
    vector(sandwich && c.norm_bias, "blocks.*.ffn_out_norm.bias", c.d_model, b.ffn_out_norm_bias);
  }

  constexpr void mixing(packed_layout const& p) {
    table(c.smear_inputs > 0, "smear_gate.weight", 1, c.smear_inputs, p.smear_gate);
    vector(c.smear_inputs > 0, "smear_gain", 1, p.smear_gain);
    vector(c.residual_gains, "residual_gains", c.layers, p.residual_gains);
    vector(c.residual_gains, "embedding_gains", c.layers, p.embedding_gains);
    vector(c.backout, "backout_gain", 1, p.backout_gain);
  }

  constexpr void values(packed_layout const& p) {
    bool const any = !c.value_layers.empty();
    matrix(any, packed_kind::rows, "value_layers.*.embedding.weight", c.vocab, c.kv_heads * c.head_dim, 0);
    table(any, "value_layers.*.gate.weight", c.kv_heads, c.value_gate_inputs, p.value_gate);
  }

  constexpr void ends(packed_layout const& p) {
    bool const post = c.place == norm_place::post;
    bool const fills = c.head == head_kind::masked_language_model;
    bool const untied = c.head != head_kind::none && !c.tied;
    matrix(!c.shared_tokens, c.tied ? packed_kind::panels : packed_kind::rows, "tokens.weight", c.vocab, c.d_model,
           p.tokens);
    if (!c.shared_tokens) set_type(weight_kind::tokens);
    table(c.position == position_kind::learned, "positions.weight", c.first_position + c.positions, c.d_model,
          p.positions);
    table(c.segments > 0, "segments.weight", c.segments, c.d_model, p.segments);
    table(c.position == position_kind::relative, "relative.weight", c.relative.buckets, c.heads, p.relative);
    norm(c.embedding_norm, "embedding_norm.weight", c.d_model, p.embedding_norm);
    vector(c.embedding_norm && c.norm_bias, "embedding_norm.bias", c.d_model, p.embedding_norm_bias);
    norm(!post, "final_norm.weight", c.d_model, p.final_norm);
    vector(!post && c.norm_bias, "final_norm.bias", c.d_model, p.final_norm_bias);
    matrix(fills, packed_kind::panels, "head_transform.weight", c.d_model, c.d_model, p.head_transform);
    vector(fills, "head_transform.bias", c.d_model, p.head_transform_bias);
    norm(fills, "head_norm.weight", c.d_model, p.head_norm);
    vector(fills && c.norm_bias, "head_norm.bias", c.d_model, p.head_norm_bias);
    matrix(untied, packed_kind::panels, "head.weight", c.vocab, c.d_model, p.head);
    if (untied) set_type(weight_kind::head);
    vector(fills || c.bias_head, "head.bias", c.vocab, p.head_bias);
    matrix(c.pooler, packed_kind::panels, "pooler.weight", c.d_model, c.d_model, p.pooler);
    vector(c.pooler, "pooler.bias", c.d_model, p.pooler_bias);
    matrix(c.labels > 0, packed_kind::panels, "classifier.weight", c.labels, c.d_model, p.classifier);
    vector(c.labels > 0, "classifier.bias", c.labels, p.classifier_bias);
  }

  constexpr void stack() {
    layout = packed_layout_of(c);
    base = start;
    ends(layout);
    mixing(layout);
    base = start + layout.value_layers;
    stride = layout.value_bytes;
    layers = c.value_layers.count(c.layers);
    values(layout);
    base = start + layout.blocks;
    stride = layout.block.bytes;
    layers = c.layers;
    block(layout.block);
  }
};

}  // namespace detail

/// How the weights section of `c` is filled; what is not written is zero.
[[nodiscard]] constexpr pack_plan pack_plan_of(config const& c) {
  pack_plan plan;
  if (has_encoder(c)) {
    config const encoder = encoder_of(c);
    detail::plan_writer{.c = encoder, .plan = plan, .part = "encoder.", .start = packed_layout_of(c).encoder}.stack();
  }
  detail::plan_writer{.c = c, .plan = plan, .part = has_encoder(c) ? "decoder." : ""}.stack();
  return plan;
}

}  // namespace constformer

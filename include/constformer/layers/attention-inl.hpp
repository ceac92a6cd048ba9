// Attention over a stage: query, key and value in one pass, rotation, cache, scores, output.
#if defined(CONSTFORMER_LAYERS_ATTENTION_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_ATTENTION_INL_HPP
#undef CONSTFORMER_LAYERS_ATTENTION_INL_HPP
#else
#define CONSTFORMER_LAYERS_ATTENTION_INL_HPP
#endif

#include <cmath>
#include <cstddef>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/kernels/attention-inl.hpp"
#include "constformer/kernels/keep-inl.hpp"
#include "constformer/kernels/kv_block.hpp"
#include "constformer/kernels/masks.hpp"
#include "constformer/kernels/rope-inl.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "constformer/kernels/norm-inl.hpp"
#include "constformer/layers/norm-inl.hpp"
#include "constformer/checkpoint/packed_value.hpp"
#include "constformer/layers/residual-inl.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The attention of one block of `Config`.
template <config const& Config>
class attention_layer {
  static constexpr int head_dim = Config.head_dim;
  static constexpr int group = Config.heads / Config.kv_heads;
  static constexpr int query_width = Config.heads * head_dim;
  static constexpr int key_width = Config.kv_heads * head_dim;
  static constexpr std::size_t qkv_stride = padded(qkv_rows(Config));
  static constexpr bool biased = Config.position == position_kind::relative;
  static constexpr packed_block place = packed_layout_of(Config).block;
  using causal_kind = std::conditional_t<(Config.window > 0), window_mask, causal_mask>;
  using mask = std::conditional_t<Config.mask == mask_kind::bidirectional, bidirectional_mask,
                                  std::conditional_t<Config.mask == mask_kind::prefix, prefix_mask, causal_kind>>;
  using kernel = attention_kernel<head_dim, group, mask, (Config.score_softcap > 0.0F), biased, Config.kv_dtype>;

 public:
  /// What each worker needs of its own.
  using scratch = typename kernel::scratch;

 private:
  // Of block 0; from one block to the next there are `slots` times as many elements.
  using element = kept<Config.kv_dtype>;
  static constexpr std::size_t slots = std::size_t{cached_layers(Config)} * Config.kv_heads;
  static constexpr std::size_t key_elements = key_piece(Config.kv_dtype, head_dim);
  static constexpr std::size_t value_elements = value_piece(Config.kv_dtype, head_dim);
  static HWY_INLINE std::size_t slot_of(int layer, int head) {
    return static_cast<std::size_t>(layer % cached_layers(Config) * Config.kv_heads + head);
  }
  static HWY_INLINE element* keys_of(stage const& s, int layer, int head) {
    return reinterpret_cast<element*>(s.keys) + slot_of(layer, head) * key_elements;
  }
  static HWY_INLINE element* values_of(stage const& s, int layer, int head) {
    return reinterpret_cast<element*>(s.values) + slot_of(layer, head) * value_elements;
  }

  // Where the values of a layer find their embedding; null if the layer has none.
  struct value_source {
    std::byte const* table = nullptr;
    float const* gate = nullptr;
    matrix_rows input{};  // of the layer, which the gate sees
  };

  static HWY_INLINE value_source value_source_of(stage const& s, int layer, matrix_rows input) {
    if constexpr (!Config.value_layers.empty()) {
      if (!Config.value_layers.contains(layer)) return {};
      constexpr packed_layout whole = packed_layout_of(Config);
      std::byte const* const table =
          s.weights + whole.value_layers + Config.value_layers.count(layer) * whole.value_bytes;
      return {table, floats_at(table, whole.value_gate), input};
    }
    return {};
  }

  // value += limit·σ(gate·input[:inputs])·embedding of the token, one head.
  static HWY_INLINE void add_value_embedding(value_source const& from, int row, int head, int id, float* value) {
    float const* const input = from.input.row(row);
    float const* const gate = from.gate + head * padded(Config.value_gate_inputs);
    float sum = 0.0F;
    for (int k = 0; k < Config.value_gate_inputs; ++k) sum += gate[k] * input[k];
    float const share = Config.value_gate_limit / (1.0F + std::exp(-sum));
    auto const* const rows = reinterpret_cast<stored_row<Config.weights> const*>(from.table);
    for (int j = 0; j < head_dim; ++j)
      value[j] += share * row_value<Config.weights>(rows, key_width, static_cast<std::size_t>(id),
                                                    static_cast<std::size_t>(head * head_dim + j));
  }

  // One row's query heads of `head`'s group and its key.
  static HWY_INLINE void normalize_heads(stage const& s, int layer, float* qkv, int head) {
    std::byte const* const block = s.weights + packed_layout_of(Config).blocks + layer * place.bytes;
    for (int h = head * group; h < (head + 1) * group; ++h)
      normalize_head<Config.norm_weight>(qkv + h * head_dim, floats_at(block, place.query_norm), head_dim,
                                         Config.norm_eps);
    normalize_head<Config.norm_weight>(qkv + query_width + head * head_dim, floats_at(block, place.key_norm), head_dim,
                                       Config.norm_eps);
  }

  // Norms and rotates one row's query heads of `head`'s group and its key, and puts key and value into the cache.
  static HWY_INLINE void rotate_and_keep(stage const& s, [[maybe_unused]] value_source const& from, int layer, int row,
                                         int head) {
    float* const qkv = s.qkv + static_cast<std::size_t>(row) * qkv_stride;
    float* const key = qkv + query_width + head * head_dim;
    if constexpr (Config.qk_norm && !Config.qk_norm_last) normalize_heads(s, layer, qkv, head);
    if constexpr (Config.position == position_kind::rotary) {
      constexpr int dims = Config.rope.rotary_dims;
      float const* const cos = s.cos + static_cast<std::size_t>(row) * dims;
      float const* const sin = s.sin + static_cast<std::size_t>(row) * dims;
      for (int h = head * group; h < (head + 1) * group; ++h) rotate(qkv + h * head_dim, cos, sin, dims);
      rotate(key, cos, sin, dims);
    }
    if constexpr (Config.qk_norm_last) normalize_heads(s, layer, qkv, head);
    float* const value = qkv + query_width + key_width + head * head_dim;
    if constexpr (!Config.value_layers.empty())
      if (from.table != nullptr) add_value_embedding(from, row, head, s.ids[row], value);
    int const position = s.position(row);
    std::size_t const block = static_cast<std::size_t>(s.blocks_of(row)[position / panel_rows]) * slots;
    auto const lane = static_cast<std::size_t>(position % panel_rows);
    keep_key<Config.kv_dtype, head_dim>(key, keys_of(s, layer, head) + block * key_elements, lane);
    keep_value<Config.kv_dtype, head_dim>(value, values_of(s, layer, head) + block * value_elements, lane);
  }

  // Of a row whose sequence has `keys` keys.
  static HWY_INLINE mask mask_of([[maybe_unused]] stage const& s, [[maybe_unused]] int layer, [[maybe_unused]] int row,
                                 [[maybe_unused]] int keys) {
    if constexpr (std::is_same_v<mask, bidirectional_mask>) return {keys};
    if constexpr (std::is_same_v<mask, prefix_mask>) return {s.prefix(row).length};
    if constexpr (std::is_same_v<mask, window_mask>)  // a window as long as the cache hides nothing
      return {Config.unwindowed.contains(layer) ? s.capacity : Config.window};
    if constexpr (std::is_same_v<mask, causal_mask>) return {};
  }

  // Rows of one sequence, which has `keys` keys.
  static HWY_INLINE void attend(stage const& s, scratch& mine, int layer, int head, int heads, int first_row, int rows,
                                int keys) {
    constexpr std::size_t out_stride = padded(query_width);
    float const by_layer = Config.scale_scores_by_layer ? static_cast<float>(layer + 1) : 1.0F;
    float const by_width = Config.scale_scores ? std::sqrt(static_cast<float>(head_dim)) : 1.0F;
    kernel::attend({.query = s.qkv + static_cast<std::size_t>(first_row) * qkv_stride + head * group * head_dim,
                    .query_stride = qkv_stride,
                    .keys = keys_of(s, layer, head),
                    .values = values_of(s, layer, head),
                    .blocks = s.blocks_of(first_row),
                    .out = s.attended + static_cast<std::size_t>(first_row) * out_stride + head * group * head_dim,
                    .out_stride = out_stride,
                    .first_position = s.position(first_row),
                    .positions = rows,
                    .mask = mask_of(s, layer, first_row, keys),
                    .scale = Config.score_gain / (by_width * by_layer),
                    .slots = int{slots},
                    .heads = heads,
                    .softcap = Config.score_softcap,
                    .bias = biased ? s.relative + static_cast<std::size_t>(head * group) * s.relative_stride : nullptr,
                    .bias_stride = s.relative_stride},
                   mine);
  }

  // One token of each sequence: a worker rotates, keeps and attends its own key heads, and needs no barrier between.
  static HWY_NOINLINE void attend_tokens(worker const& self, stage const& s, scratch& mine, value_source const& from,
                                         int layer) {
    work_range const units = self.share(s.rows * Config.kv_heads);
    for (int unit = units.begin; unit < units.end;) {
      int const row = unit / Config.kv_heads;
      int const head = unit % Config.kv_heads;
      int const heads = HWY_MIN(Config.kv_heads - head, units.end - unit);
      for (int h = head; h < head + heads; ++h) rotate_and_keep(s, from, layer, row, h);
      attend(s, mine, layer, head, heads, row, 1, s.position(row) + 1);
      unit += heads;
    }
  }

  // Many tokens: rows are rotated and kept, then spans of queries of one sequence are dealt out in turn, for later ones
  // see more keys.
  static HWY_NOINLINE void attend_batch(worker const& self, stage const& s, scratch& mine, value_source const& from,
                                        int layer) {
    work_range const rows = self.share(s.rows);
    for (int row = rows.begin; row < rows.end; ++row)
      for (int head = 0; head < Config.kv_heads; ++head) rotate_and_keep(s, from, layer, row, head);
    self.sync();
    constexpr int step = kernel::span_positions;
    int unit = self.index;
    for (int r = 0; r < s.runs; ++r) {
      row_run const run = s.run[r];
      int const units = (run.rows + step - 1) / step * Config.kv_heads;
      for (; unit < units; unit += self.count) {
        int const first = unit / Config.kv_heads * step;
        attend(s, mine, layer, unit % Config.kv_heads, 1, run.first + first, HWY_MIN(step, run.rows - first),
               s.key_count(run));
      }
      unit -= units;
    }
  }

  // [query; key; value] of `input`: of one matrix, or of three where their types differ.
  static HWY_INLINE void make_qkv(worker const& self, stage const& s, int layer, std::byte const* block,
                                  matrix_rows input) {
    using to_columns = store_sums<Config.bias_qkv>;
    float const* const bias = floats_at(block, place.qkv_bias);
    to_columns const to_qkv{{s.qkv, qkv_stride}, bias};
    if constexpr (fuses_qkv(Config)) {
      linear_forward<Config, weight_kind::query, qkv_rows(Config), Config.d_model>(self, s, layer, input, s.rows,
                                                                                   to_qkv);
    } else {
      constexpr int values = query_width + key_width;  // their first column
      to_columns const to_key{{s.qkv + query_width, qkv_stride}, bias + query_width};
      to_columns const to_value{{s.qkv + values, qkv_stride}, bias + values};
      linear_forward<Config, weight_kind::query, query_width, Config.d_model>(self, s, layer, input, s.rows, to_qkv);
      linear_forward<Config, weight_kind::key, key_width, Config.d_model>(self, s, layer, input, s.rows, to_key);
      linear_forward<Config, weight_kind::value, key_width, Config.d_model>(self, s, layer, input, s.rows, to_value);
    }
  }

 public:
  /// attended = softmax(query · key) · value of `input`, with a barrier after: `input` has then been read.
  static HWY_INLINE void mix(worker const& self, stage const& s, scratch& mine, int layer, std::byte const* block,
                             matrix_rows input) {
    make_qkv(self, s, layer, block, input);
    self.sync();
    value_source const from = value_source_of(s, layer, input);
    if (s.one_each()) {
      attend_tokens(self, s, mine, from, layer);
    } else {
      attend_batch(self, s, mine, from, layer);
    }
    self.sync();
  }

  /// output(attended) into the stream, or where the residual wants it.
  static HWY_INLINE void project(worker const& self, stage const& s, int layer, std::byte const* block) {
    auto const to_stream = to_residual<Config, Config.bias_attention_output>(s, floats_at(block, place.output_bias));
    linear_forward<Config, weight_kind::output, Config.d_model, query_width>(
        self, s, layer, {s.attended, padded(query_width)}, s.rows, to_stream);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

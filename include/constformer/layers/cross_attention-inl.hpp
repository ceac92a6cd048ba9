// Attention of a decoder over the encoder's output, whose keys and values are made once per source.
#if defined(CONSTFORMER_LAYERS_CROSS_ATTENTION_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_CROSS_ATTENTION_INL_HPP
#undef CONSTFORMER_LAYERS_CROSS_ATTENTION_INL_HPP
#else
#define CONSTFORMER_LAYERS_CROSS_ATTENTION_INL_HPP
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/attention-inl.hpp"
#include "constformer/kernels/kv_block.hpp"
#include "constformer/kernels/masks.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "constformer/layers/norm-inl.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Puts keys and values of the source where the attention kernel reads them: keys in panels of 16 positions, values in
/// rows.
template <int HeadDim, int KvHeads, int Slots, bool Bias, dtype Type>
struct keep_sums {
  kept<Type>* keys;    ///< of one layer, `Slots` heads of all layers side by side (capacity/16, kv_heads, pieces)
  kept<Type>* values;  ///< (capacity/16, kv_heads, pieces)
  float const* bias;   ///< of [key; value], null without

  /// Takes the sums of columns [column, column + lanes) of the source's row. A call of its own: scattering them costs
  /// more than that, and inlined into every tile it took a fifth of the compilation of T5.
  HWY_NOINLINE void operator()(int row, int column, float_vec v) const {
    HWY_ALIGN float some[lanes];
    hn::Store(with_bias<Bias>(v, bias, column), float_tag(), some);
    auto const block = static_cast<std::size_t>(row / panel_rows) * Slots;
    auto const lane = static_cast<std::size_t>(row % panel_rows);
    int const key_columns = HWY_MIN(HWY_MAX(width - column, 0), lanes);
    keep_keys(some, block, lane, column, key_columns);
    int const end = HWY_MIN(2 * width - column, lanes);  // the rest of the last panel is padding
    for (int i = key_columns; i < end; ++i) {
      auto const c = static_cast<std::size_t>(column + i - width);
      values[(block + c / HeadDim) * value_piece(Type, HeadDim) + value_place(Type, HeadDim, c % HeadDim, lane)] =
          hwy::ConvertScalarTo<kept<Type>>(some[i]);
    }
  }

 private:
  static constexpr int width = KvHeads * HeadDim;

  HWY_INLINE void keep_keys(float const* some, std::size_t block, std::size_t lane, int column, int count) const {
    if constexpr (Type == dtype::f32) {  // a head's panel follows the one before it: key column c is line c of them all
      float* const key = keys + (block * HeadDim + static_cast<std::size_t>(column)) * panel_rows + lane;
      for (int i = 0; i < count; ++i) key[i * panel_rows] = some[i];
    } else {
      for (int i = 0; i < count; ++i) {
        auto const c = static_cast<std::size_t>(column + i);
        keys[(block + c / HeadDim) * key_piece(Type, HeadDim) + key_place(Type, c % HeadDim, lane)] =
            hwy::ConvertScalarTo<kept<Type>>(some[i]);
      }
    }
  }
};

/// The cross-attention of one block of `Config`.
template <config const& Config>
class cross_attention_layer {
  static constexpr int head_dim = Config.head_dim;
  static constexpr int group = Config.heads / Config.kv_heads;
  static constexpr int query_width = Config.heads * head_dim;
  static constexpr std::size_t query_stride = padded(qkv_rows(Config));  // queries lie where those of self-attention do
  static constexpr std::size_t out_stride = padded(query_width);
  static constexpr packed_layout layout = packed_layout_of(Config);
  static constexpr packed_block place = layout.block;
  using kernel = attention_kernel<head_dim, group, cross_mask, false, false, Config.kv_dtype>;

 public:
  /// What each worker needs of its own.
  using scratch = typename kernel::scratch;

 private:
  using element = kept<Config.kv_dtype>;
  static constexpr int slots = Config.layers * Config.kv_heads;
  static constexpr std::size_t key_elements = key_piece(Config.kv_dtype, head_dim);
  static constexpr std::size_t value_elements = value_piece(Config.kv_dtype, head_dim);

  static float score_scale() { return Config.scale_scores ? 1.0F / std::sqrt(static_cast<float>(head_dim)) : 1.0F; }

  static HWY_INLINE element* keys_of(stage const& s, int layer, int head) {
    return reinterpret_cast<element*>(s.source_keys) +
           static_cast<std::size_t>(layer * Config.kv_heads + head) * key_elements;
  }
  static HWY_INLINE element* values_of(stage const& s, int layer, int head) {
    return reinterpret_cast<element*>(s.source_values) +
           static_cast<std::size_t>(layer * Config.kv_heads + head) * value_elements;
  }

  static HWY_INLINE void attend(stage const& s, scratch& mine, int layer, int head, int heads, int first_row,
                                int rows) {
    kernel::attend({.query = s.qkv + static_cast<std::size_t>(first_row) * query_stride + head * group * head_dim,
                    .query_stride = query_stride,
                    .keys = keys_of(s, layer, head),
                    .values = values_of(s, layer, head),
                    .blocks = s.source_blocks,
                    .out = s.attended + static_cast<std::size_t>(first_row) * out_stride + head * group * head_dim,
                    .out_stride = out_stride,
                    .first_position = 0,
                    .positions = rows,
                    .mask = {s.source_count},
                    .scale = score_scale(),
                    .slots = slots,
                    .heads = heads},
                   mine);
  }

  static HWY_NOINLINE void attend_all(worker const& self, stage const& s, scratch& mine, int layer) {
    constexpr int step = kernel::span_positions;
    int const spans = (s.rows + step - 1) / step;
    work_range const units = self.share(spans * Config.kv_heads);
    for (int unit = units.begin; unit < units.end;) {
      int const first = unit / Config.kv_heads * step;
      int const head = unit % Config.kv_heads;
      int const heads = HWY_MIN(Config.kv_heads - head, units.end - unit);
      attend(s, mine, layer, head, heads, first, HWY_MIN(step, s.rows - first));
      unit += heads;
    }
  }

 public:
  /// Keys and values of every layer for the encoder's output `encoded` (source_count, d_model), with a barrier after.
  static HWY_NOINLINE void keep_source(worker const& self, stage const& s, matrix_rows encoded) {
    for (int layer = 0; layer < Config.layers; ++layer) {
      std::byte const* const block = s.weights + layout.blocks + layer * place.bytes;
      keep_sums<head_dim, Config.kv_heads, slots, Config.bias_qkv, Config.kv_dtype> const to_cache{
          keys_of(s, layer, 0), values_of(s, layer, 0), floats_at(block, place.cross_kv_bias)};
      linear_forward<Config, weight_kind::cross_kv, cross_kv_rows(Config), Config.d_model>(self, s, layer, encoded,
                                                                                           s.source_count, to_cache);
    }
    self.sync();
  }

  /// out (source_count) = softmax(query · key) of a row's first head, from the query that a pass has left: only that of
  /// the last layer is there. Nobody pays for it who does not ask.
  static HWY_NOINLINE void weigh_source(stage const& s, int layer, int row, std::span<float> out) {
    float const* const query = s.qkv + static_cast<std::size_t>(row) * query_stride;
    for (std::size_t k = 0; k < out.size(); ++k) {
      auto const block = static_cast<std::size_t>(s.source_blocks[k / panel_rows]) * slots;
      element const* const key = keys_of(s, layer, 0) + block * key_elements;
      out[k] = 0;
      for (std::size_t j = 0; j < head_dim; ++j)
        out[k] +=
            query[j] * score_scale() * hwy::ConvertScalarTo<float>(key[key_place(Config.kv_dtype, j, k % panel_rows)]);
    }
    float const peak = *std::max_element(out.begin(), out.end());
    for (float& x : out) x = std::exp(x - peak);
    float const total = std::accumulate(out.begin(), out.end(), 0.0F);
    for (float& x : out) x /= total;
  }

  /// x += output(attend(query of input, keys and values of the source)), with a barrier after.
  static HWY_INLINE void forward(worker const& self, stage const& s, scratch& mine, int layer, std::byte const* block,
                                 matrix_rows input) {
    store_sums<Config.bias_qkv> const to_query{{s.qkv, query_stride}, floats_at(block, place.cross_query_bias)};
    linear_forward<Config, weight_kind::cross_query, query_width, Config.d_model>(self, s, layer, input, s.rows,
                                                                                  to_query);
    self.sync();
    attend_all(self, s, mine, layer);
    self.sync();
    add_sums<Config.bias_attention_output> const to_stream{{s.x, padded(Config.d_model)},
                                                           floats_at(block, place.cross_output_bias)};
    linear_forward<Config, weight_kind::cross_output, Config.d_model, query_width>(
        self, s, layer, {s.attended, out_stride}, s.rows, to_stream);
    self.sync();
  }
};

/// Stands where a config has no cross-attention.
struct no_cross_attention {
  struct scratch {};  ///< nothing is needed
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

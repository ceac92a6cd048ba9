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
#include "constformer/kernels/attention-inl.hpp"
#include "constformer/kernels/masks.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "constformer/layers/norm-inl.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Puts keys and values of the source where the attention kernel reads them: keys in panels of 16 positions, values in rows.
template <int HeadDim, int KvHeads, int Slots, bool Bias>
struct keep_sums {
  float* keys;        ///< of one layer, `Slots` heads of all layers side by side (capacity/16, kv_heads, head_dim, 16)
  float* values;      ///< (capacity/16, kv_heads, 16, padded head_dim)
  float const* bias;  ///< of [key; value], null without

  /// Takes the sums of columns [column, column + lanes) of the source's row.
  HWY_INLINE void operator()(int row, int column, float_vec v) const {
    HWY_ALIGN float some[lanes];
    hn::Store(with_bias<Bias>(v, bias, column), float_tag(), some);
    auto const block = static_cast<std::size_t>(row / panel_rows) * Slots;
    auto const lane = static_cast<std::size_t>(row % panel_rows);
    // A head's panel follows the one before it: key column c is line c of them all.
    int const key_columns = HWY_MIN(HWY_MAX(width - column, 0), lanes);
    float* const key = keys + (block * HeadDim + static_cast<std::size_t>(column)) * panel_rows + lane;
    for (int i = 0; i < key_columns; ++i) key[i * panel_rows] = some[i];
    int const end = HWY_MIN(2 * width - column, lanes);  // the rest of the last panel is padding
    for (int i = key_columns; i < end; ++i) {
      auto const c = static_cast<std::size_t>(column + i - width);
      values[((block + c / HeadDim) * panel_rows + lane) * padded(HeadDim) + c % HeadDim] = some[i];
    }
  }

 private:
  static constexpr int width = KvHeads * HeadDim;
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
  using kernel = attention_kernel<head_dim, group, cross_mask>;

 public:
  /// What each worker needs of its own.
  using scratch = typename kernel::scratch;

 private:
  static constexpr int slots = Config.layers * Config.kv_heads;

  static float score_scale() { return Config.scale_scores ? 1.0F / std::sqrt(static_cast<float>(head_dim)) : 1.0F; }

  static HWY_INLINE std::size_t head_at(int layer, int head) {
    return static_cast<std::size_t>(layer * Config.kv_heads + head) * panel_rows;
  }

  static HWY_INLINE void attend(stage const& s, scratch& mine, int layer, int head, int heads, int first_row,
                                int rows) {
    kernel::attend({.query = s.qkv + static_cast<std::size_t>(first_row) * query_stride + head * group * head_dim,
                    .query_stride = query_stride,
                    .keys = s.source_keys + head_at(layer, head) * head_dim,
                    .values = s.source_values + head_at(layer, head) * padded(head_dim),
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
      keep_sums<head_dim, Config.kv_heads, slots, Config.bias_qkv> const to_cache{
          s.source_keys + head_at(layer, 0) * head_dim, s.source_values + head_at(layer, 0) * padded(head_dim),
          floats_at(block, place.cross_kv_bias)};
      linear_forward<Config, cross_kv_rows(Config), Config.d_model>(self, s, block + place.cross_kv, encoded,
                                                                    s.source_count, to_cache);
    }
    self.sync();
  }

  /// out (source_count) = softmax(query · key) of a row's first head, from the query that a pass has left: only that of the last layer
  /// is there. Nobody pays for it who does not ask.
  static HWY_NOINLINE void weigh_source(stage const& s, int layer, int row, std::span<float> out) {
    float const* const query = s.qkv + static_cast<std::size_t>(row) * query_stride;
    for (std::size_t k = 0; k < out.size(); ++k) {
      auto const block = static_cast<std::size_t>(s.source_blocks[k / panel_rows]) * slots * panel_rows;
      float const* const key = s.source_keys + (block + head_at(layer, 0)) * head_dim + k % panel_rows;
      out[k] = 0;
      for (std::size_t j = 0; j < head_dim; ++j) out[k] += query[j] * score_scale() * key[j * panel_rows];
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
    linear_forward<Config, query_width, Config.d_model>(self, s, block + place.cross_query, input, s.rows, to_query);
    self.sync();
    attend_all(self, s, mine, layer);
    self.sync();
    add_sums<Config.bias_attention_output> const to_stream{{s.x, padded(Config.d_model)},
                                                           floats_at(block, place.cross_output_bias)};
    linear_forward<Config, Config.d_model, query_width>(self, s, block + place.cross_output, {s.attended, out_stride},
                                                        s.rows, to_stream);
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

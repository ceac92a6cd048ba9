// Phases that attend: heads are normed and rotated, keys and values kept, and queries look at them.
#if defined(CONSTFORMER_EXECUTE_ATTEND_PHASE_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_ATTEND_PHASE_INL_HPP
#undef CONSTFORMER_EXECUTE_ATTEND_PHASE_INL_HPP
#else
#define CONSTFORMER_EXECUTE_ATTEND_PHASE_INL_HPP
#endif

#include <cmath>
#include <cstddef>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/execute/lowered_frame.hpp"
#include "constformer/graph/attend_options.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/attention-inl.hpp"
#include "constformer/kernels/keep-inl.hpp"
#include "constformer/kernels/kv_block.hpp"
#include "constformer/kernels/masks.hpp"
#include "constformer/kernels/norm-inl.hpp"
#include "constformer/kernels/rope-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Attention of a program. Its input has query, key and value heads side by side.
template <class Program, int Phase>
class attend_phase {
  using frame = lowered_frame<Program>;
  static constexpr phase const& p = Program::phase_at(Phase);
  static constexpr node const& n = Program::at(p.out);
  static constexpr attend_options const& options = Program::graph.attentions[static_cast<std::size_t>(n.index)];
  static constexpr value_shape query = Program::at(n.inputs[0]).shape, key = Program::at(n.inputs[1]).shape;
  static constexpr int heads = query.axes[0].extent, kv_heads = key.axes[0].extent, head_dim = key.axes[1].extent;
  static constexpr int group = heads / kv_heads;
  static constexpr int query_width = heads * head_dim, key_width = kv_heads * head_dim;
  static constexpr dtype kept_type = Program::build.kv_dtype;
  using causal_kind = std::conditional_t<(options.window > 0), window_mask, causal_mask>;
  using mask = std::conditional_t<options.mask == mask_kind::prefix, prefix_mask, causal_kind>;
  using kernel = attention_kernel<head_dim, group, mask, (options.softcap > 0.0F), false, kept_type>;

  // Of block 0; from one block to the next there are `Program::slots` times as many elements.
  using element = kept<kept_type>;
  static constexpr std::size_t slots = Program::slots;
  static constexpr std::size_t key_elements = key_piece(kept_type, head_dim);
  static constexpr std::size_t value_elements = value_piece(kept_type, head_dim);
  static HWY_INLINE std::size_t slot_of(int layer, int head) {
    return static_cast<std::size_t>(Program::slots_before(Phase) + layer * kv_heads + head);
  }
  static HWY_INLINE element* keys_of(frame const& f, int layer, int head) {
    return reinterpret_cast<element*>(f.keys) + slot_of(layer, head) * key_elements;
  }
  static HWY_INLINE element* values_of(frame const& f, int layer, int head) {
    return reinterpret_cast<element*>(f.values) + slot_of(layer, head) * value_elements;
  }
  static HWY_INLINE float* heads_of(frame const& f, int row) {
    return f.template value<p.input>() + static_cast<std::size_t>(row) * frame::template stride<p.input>;
  }

  template <int Norm>
  static HWY_INLINE void norm_head(frame const& f, int layer, float* head) {
    if constexpr (Norm >= 0)
      normalize_head<(Program::at(Norm).inputs[1] >= 0)>(head, f.template vector<Norm, 1>(layer), head_dim,
                                                         Program::at(Norm).factor);
  }
  // One row's query heads of `head`'s group and its key.
  static HWY_INLINE void norm_heads(frame const& f, int layer, float* row, int head) {
    for (int h = head * group; h < (head + 1) * group; ++h) norm_head<p.heads.query_norm>(f, layer, row + h * head_dim);
    norm_head<p.heads.key_norm>(f, layer, row + query_width + head * head_dim);
  }
  static HWY_INLINE void rotate_heads(frame const& f, float* all, int row, int head) {
    if constexpr (p.heads.rotation >= 0) {
      constexpr std::size_t rotation = Program::rotation_of(static_cast<std::size_t>(p.heads.rotation));
      constexpr int dims = Program::graph.rotations[rotation].rotary_dims;
      std::size_t const at =
          static_cast<std::size_t>(Program::dims_before(rotation)) * static_cast<std::size_t>(f.most_rows) +
          static_cast<std::size_t>(row) * dims;
      for (int h = head * group; h < (head + 1) * group; ++h) rotate(all + h * head_dim, f.cos + at, f.sin + at, dims);
      rotate(all + query_width + head * head_dim, f.cos + at, f.sin + at, dims);
    }
  }

  // Norms and rotates one row's query heads of `head`'s group and its key, and puts key and value into the cache.
  static HWY_INLINE void place_and_keep(frame const& f, int layer, int row, int head) {
    float* const all = heads_of(f, row);
    if constexpr (!p.heads.norms_last) norm_heads(f, layer, all, head);
    rotate_heads(f, all, row, head);
    if constexpr (p.heads.norms_last) norm_heads(f, layer, all, head);
    int const position = f.position(row);
    std::size_t const block = static_cast<std::size_t>(f.blocks_of(row)[position / panel_rows]) * slots;
    auto const lane = static_cast<std::size_t>(position % panel_rows);
    keep_key<kept_type, head_dim>(all + query_width + head * head_dim, keys_of(f, layer, head) + block * key_elements,
                                  lane);
    keep_value<kept_type, head_dim>(all + query_width + key_width + head * head_dim,
                                    values_of(f, layer, head) + block * value_elements, lane);
  }

  static HWY_INLINE mask mask_of([[maybe_unused]] frame const& f, [[maybe_unused]] int layer,
                                 [[maybe_unused]] int row) {
    if constexpr (std::is_same_v<mask, prefix_mask>) return {f.prefix(row).length};
    if constexpr (std::is_same_v<mask, window_mask>)  // a window as long as the cache hides nothing
      return {options.unwindowed.contains(layer) ? f.capacity : options.window};
    if constexpr (std::is_same_v<mask, causal_mask>) return {};
  }
  static HWY_INLINE float scale_of([[maybe_unused]] int layer) {
    float const all = options.scale != 0.0F ? options.scale : 1.0F / std::sqrt(static_cast<float>(head_dim));
    if constexpr (options.scale_by_layer) return all / static_cast<float>(layer + 1);
    return all;
  }

 public:
  /// What each worker needs of its own.
  using scratch = typename kernel::scratch;

 private:
  // Rows of one sequence.
  static HWY_INLINE void attend(frame const& f, scratch& mine, int layer, int head, int count, int first_row,
                                int rows) {
    constexpr std::size_t out_stride = frame::template stride<p.out>;
    kernel::attend(
        {.query = heads_of(f, first_row) + head * group * head_dim,
         .query_stride = frame::template stride<p.input>,
         .keys = keys_of(f, layer, head),
         .values = values_of(f, layer, head),
         .blocks = f.blocks_of(first_row),
         .out = f.template value<p.out>() + static_cast<std::size_t>(first_row) * out_stride + head * group * head_dim,
         .out_stride = out_stride,
         .first_position = f.position(first_row),
         .positions = rows,
         .mask = mask_of(f, layer, first_row),
         .scale = scale_of(layer),
         .slots = int{slots},
         .heads = count,
         .softcap = options.softcap},
        mine);
  }

  // One token of each sequence: a worker places, keeps and attends its own key heads, and needs no barrier between.
  static HWY_NOINLINE void attend_tokens(worker const& self, frame const& f, scratch& mine, int layer) {
    work_range const units = self.share(f.rows * kv_heads);
    for (int unit = units.begin; unit < units.end;) {
      int const row = unit / kv_heads, head = unit % kv_heads;
      int const count = HWY_MIN(kv_heads - head, units.end - unit);
      for (int h = head; h < head + count; ++h) place_and_keep(f, layer, row, h);
      attend(f, mine, layer, head, count, row, 1);
      unit += count;
    }
  }

  // Many tokens: rows are placed and kept, then spans of queries of one sequence are dealt out in turn, for later ones
  // see more keys.
  static HWY_NOINLINE void attend_batch(worker const& self, frame const& f, scratch& mine, int layer) {
    work_range const rows = self.share(f.rows);
    for (int row = rows.begin; row < rows.end; ++row)
      for (int head = 0; head < kv_heads; ++head) place_and_keep(f, layer, row, head);
    self.sync();
    constexpr int step = kernel::span_positions;
    int unit = self.index;
    for (int r = 0; r < f.runs; ++r) {
      row_run const run = f.run[r];
      int const units = (run.rows + step - 1) / step * kv_heads;
      for (; unit < units; unit += self.count) {
        int const first = unit / kv_heads * step;
        attend(f, mine, layer, unit % kv_heads, 1, run.first + first, HWY_MIN(step, run.rows - first));
      }
      unit -= units;
    }
  }

 public:
  /// This worker's heads.
  static HWY_INLINE void run(worker const& self, frame const& f, void* mine, int layer) {
    if (f.one_each())
      attend_tokens(self, f, *static_cast<scratch*>(mine), layer);
    else
      attend_batch(self, f, *static_cast<scratch*>(mine), layer);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

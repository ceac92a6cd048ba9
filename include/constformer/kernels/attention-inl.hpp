// Attention of a few query rows over a KV cache, tile by tile with an online softmax (FlashAttention,
// arXiv:2205.14135).
#if defined(CONSTFORMER_KERNELS_ATTENTION_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_ATTENTION_INL_HPP
#undef CONSTFORMER_KERNELS_ATTENTION_INL_HPP
#else
#define CONSTFORMER_KERNELS_ATTENTION_INL_HPP
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "hwy/highway.h"

#include "constformer/core/dtype.hpp"
#include "constformer/kernels/head_pairs-inl.hpp"
#include "constformer/kernels/kv_block.hpp"
#include "constformer/kernels/masks.hpp"
#include "constformer/kernels/math-inl.hpp"
#include "constformer/kernels/matmul-inl.hpp"
#include "constformer/kernels/narrow_values-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Keys per tile: their scores of one row are four panels.
inline constexpr int key_tile = 4 * panel_rows;

/// Heads of up to this many dimensions get code of their own for texts of one panel of keys, where latencies are all
/// their time.
inline constexpr int largest_short_head = 16;

/// Queries of neighbouring positions that share one key and value head or a few neighbouring ones, and where their
/// keys, values and results are.
template <class Mask, class Kept = float>
struct attention_span {
  float const* query;        ///< (positions, group, head_dim), positions `query_stride` apart
  std::size_t query_stride;  ///< floats
  Kept const* keys;        ///< of this head, blocks of 16 positions: (blocks, slots, pieces of keys), see kv_block.hpp
  Kept const* values;      ///< (blocks, slots, pieces of values)
  int const* blocks;       ///< which block holds the positions [16·i, 16·i + 16)
  float* out;              ///< (positions, group, head_dim), positions `out_stride` apart
  std::size_t out_stride;  ///< floats
  int first_position;      ///< of the first query row
  int positions;           ///< query rows / group
  Mask mask;               ///< which keys a query sees (masks.hpp)
  float scale;             ///< of the scores
  int slots = 1;           ///< heads whose keys lie side by side in a block, of all layers
  int heads = 1;           ///< key heads to attend: all that belongs to one follows what belongs to the one before
  /// Scores become softcap·tanh(score/softcap), if the kernel is for it (Gemma 2, arXiv:2408.00118).
  float softcap = 0.0F;

  /// Added to scores, if the kernel is for it: bias[k − p] for the key at k and the query at p, of the group's first
  /// head. Valid from the least k − p to key_tile beyond the largest.
  float const* bias = nullptr;
  std::size_t bias_stride = 0;  ///< floats from one head's to the next
};

/// The even one of two positions of bf16 values.
struct first_of_pair {
  hwy::bfloat16_t pair[2];  ///< of which the second may be anything
};

/// The low halves of 32-bit lanes become floats.
template <>
struct panel_line<first_of_pair> {
  static constexpr int columns = 1;   ///< input columns of a line
  static constexpr int elements = 1;  ///< of the line for each row
  /// The vector at `at`, which need not be aligned.
  static HWY_INLINE void load(first_of_pair const* at, float_vec (&out)[columns]) {
    hn::RebindToUnsigned<float_tag> const du;
    out[0] = hn::BitCast(float_tag(), hn::ShiftLeft<16>(hn::LoadU(du, reinterpret_cast<std::uint32_t const*>(at))));
  }
};

/// Bytes of a cache are widened; what they sum up to is scaled.
template <>
struct panel_line<std::int8_t> {
  static constexpr int columns = 1;   ///< input columns of a line
  static constexpr int elements = 1;  ///< of the line for each row
  /// The vector at `at`, which need not be aligned.
  static HWY_INLINE void load(std::int8_t const* at, float_vec (&out)[columns]) {
    float_tag const d;
    hn::RebindToSigned<float_tag> const di;
    out[0] = hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(hn::Rebind<std::int8_t, float_tag>(), at)));
  }
};

/// Keys of one head, panels by a table of blocks.
template <class Kept>
struct key_blocks {
  Kept const* keys;    ///< of block 0, behind its scales
  std::size_t stride;  ///< elements from one block to the next
  int const* blocks;   ///< of the panels

  /// A place in panels that lie apart; one count of elements serves them all.
  template <int Panels>
  struct place {
    Kept const* first[Panels];  ///< of each panel
    std::size_t done;           ///< elements, of each panel

    /// Panel p of the dimension at hand.
    [[nodiscard]] HWY_INLINE Kept const* at(int p) const { return first[p] + done; }
    /// Goes on by that many dimensions.
    HWY_INLINE void advance(int columns) { done += static_cast<std::size_t>(columns) * panel_rows; }
  };

  /// sums += x · keys, for the panels from `panel` on.
  template <int Rows, int Panels, class Depth>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, float const* const (&x)[Rows], Depth depth, int panel) const {
    place<Panels> from;
    from.done = 0;
    HWY_UNROLL(16)
    for (int p = 0; p < Panels; ++p) from.first[p] = keys + static_cast<std::size_t>(blocks[panel + p]) * stride;
    accumulate<Kept>(t, x, from, depth);
  }
};

/// Values of one head, rows by a table of blocks; the depth is keys.
template <class Kept, int Width>
struct value_blocks {
  Kept const* values;  ///< of block 0, behind its scales
  std::size_t stride;  ///< elements from one block to the next
  int const* blocks;   ///< of each 16 rows

  /// sums += x · values, for the 16 columns from `panel` · 16 on. One chain of additions per sum, whatever the blocks.
  template <int Rows, int Panels>
  HWY_INLINE void add_to(tile<Rows, Panels>& t, float const* const (&x)[Rows], int depth, int panel) const {
    int done = 0;
    for (; done + panel_rows <= depth; done += panel_rows) add_block(t, x, done, fixed<panel_rows>{}, panel);
    if (done < depth) add_block(t, x, done, depth - done, panel);
  }

 private:
  static constexpr int together = panel_line<Kept>::columns;  // positions in a lane

  template <int Rows, int Panels, class Depth>
  HWY_INLINE void add_block(tile<Rows, Panels>& t, float const* const (&x)[Rows], int done, Depth depth,
                            int panel) const {
    float const* inputs[Rows];
    for (int r = 0; r < Rows; ++r) inputs[r] = x[r] + done;
    std::size_t const block = static_cast<std::size_t>(blocks[done / panel_rows]) * stride;
    panels<Kept> const from{values + block + panel * panel_rows * together, panel_rows * together, Width};
    if constexpr (together == 2 && !std::is_same_v<Depth, fixed<panel_rows>>) {
      accumulate<Kept>(t, inputs, from, depth - depth % 2);
      if (depth % 2 != 0) add_last(t, inputs, from, depth - 1);
    } else {
      accumulate<Kept>(t, inputs, from, depth);
    }
  }

  // The last of an odd number of positions. Nothing is written beside it yet, or what was is no longer of the text: not
  // even a weight of 0 may meet it.
  template <int Rows, int Panels>
  static HWY_INLINE void add_last(tile<Rows, Panels>& t, float const* (&inputs)[Rows], panels<Kept> from, int done) {
    from.advance(done);
    for (int r = 0; r < Rows; ++r) inputs[r] += done;
    auto const* const lanes_of = reinterpret_cast<first_of_pair const*>(from.base);
    accumulate<first_of_pair>(t, inputs, panels<first_of_pair>{lanes_of, panel_rows, Width}, fixed<1>{});
  }
};

/// Head width, query heads per key head and mask that one instantiation is for; `Capped` scores have a softcap, to
/// `Biased` ones something is added by distance. The cache is of `Type`: f32, bf16 or i8, whose scores are scaled when
/// they are made and whose weights when they are softened.
template <int HeadDim, int Group, class Mask, bool Capped = false, bool Biased = false, dtype Type = dtype::f32>
class attention_kernel {
  static constexpr int width = padded(HeadDim);
  static constexpr bool scaled = Type == dtype::i8;
  static constexpr std::size_t scale_elements = kept_scales(Type);
  static constexpr std::size_t key_elements = key_piece(Type, HeadDim);
  static constexpr std::size_t value_elements = value_piece(Type, HeadDim);
  using span = attention_span<Mask, kept<Type>>;

  // Of one tile of keys, copied to where they lie side by side.
  struct tile_scales {
    HWY_ALIGN float keys[key_tile];
    HWY_ALIGN float values[key_tile];
  };
  struct no_scales {};

 public:
  /// Positions per span: enough rows to fill register tiles, few enough to skip most of the masked half.
  static constexpr int span_positions = HWY_MAX(1, 4 * tile_shape<float>::rows / Group);
  static constexpr int max_rows = span_positions * Group;  ///< queries of a span

  /// What one thread needs to attend a span.
  struct scratch {
    HWY_ALIGN float query[max_rows][width];      ///< scaled queries
    HWY_ALIGN float scores[max_rows][key_tile];  ///< of one tile of keys, then their exponentials
    HWY_ALIGN float sums[max_rows][width];       ///< running Σ exp(score − peak)·value
    float peak[max_rows];                        ///< running maximum of each row
    float total[max_rows];                       ///< running Σ exp(score − peak)
    float decay[max_rows];                       ///< exp(old peak − new peak)
    [[no_unique_address]] std::conditional_t<scaled, tile_scales, no_scales> scales;  ///< of the tile of keys
  };

 private:
  // Panels per tile of `rows` rows, so that accumulators and weights fit the registers.
  static constexpr int panels_beside(int rows) {
    int fit = (registers - 3) / ((rows + 1) * panel_vecs);
    return fit >= 4 ? 4 : fit >= 2 ? 2 : 1;
  }

  // out(rows, 16·count columns) = x · w in tiles, for a number of rows known when compiled.
  template <int Rows, class Weights, class Depth, class Finish>
  static HWY_INLINE void multiply(float const* x, std::size_t x_stride, int rows, Weights const& w, Depth depth,
                                  int count, Finish const& finish) {
    constexpr int beside = panels_beside(Rows);
    for (int row = 0; row < rows; row += Rows) {
      int panel = 0;
      for (; panel + beside <= count; panel += beside)
        matmul_tile<Rows, beside>(x, x_stride, row, rows, w, depth, panel, finish);
      for (; panel < count; ++panel) matmul_tile<Rows, 1>(x, x_stride, row, rows, w, depth, panel, finish);
    }
  }

  template <int Rows>
  static HWY_INLINE void score_tile(span const& s, scratch& t, int rows, int first_key, int keys) {
    float_tag const d;
    key_blocks<kept<Type>> const w{s.keys + scale_elements, static_cast<std::size_t>(s.slots) * key_elements,
                                   s.blocks + first_key / panel_rows};
    auto const store = [&](int row, int column, float_vec v) HWY_ATTR {
      if constexpr (scaled) v = hn::Mul(v, hn::Load(d, t.scales.keys + column));
      hn::StoreU(v, d, &t.scores[row][column]);
    };
    multiply<Rows>(&t.query[0][0], width, rows, w, fixed<HeadDim>{}, (keys + panel_rows - 1) / panel_rows, store);
  }

  template <int Rows>
  static HWY_INLINE void sum_tile(span const& s, scratch& t, int rows, int first_key, int keys) {
    auto const blend = [&](int row, int column, auto v) HWY_ATTR {
      hn::DFromV<decltype(v)> const d;
      float* const sum = &t.sums[row][column];
      hn::StoreU(hn::MulAdd(hn::LoadU(d, sum), hn::Set(d, t.decay[row]), v), d, sum);
    };
    if constexpr (HeadDim <= largest_narrow_head && Type == dtype::f32) {
      narrow_values const from{.values = s.values,
                               .stride = static_cast<std::size_t>(s.slots) * value_elements,
                               .blocks = s.blocks + first_key / panel_rows,
                               .keys = keys,
                               .weights = &t.scores[0][0],
                               .next_weights = key_tile};
      for (int row = 0; row < rows; row += Rows) sum_narrow<HeadDim, Rows>(from, row, rows, blend);
    } else {
      value_blocks<kept<Type>, width> const w{s.values + scale_elements,
                                              static_cast<std::size_t>(s.slots) * value_elements,
                                              s.blocks + first_key / panel_rows};
      multiply<Rows>(&t.scores[0][0], key_tile, rows, w, keys, width / panel_rows, blend);
    }
  }

  // Scores of the `lanes` keys from `key` on, as a query has them: capped, biased, −∞ if it does not see the key.
  static HWY_INLINE float_vec shaped(span const& s, float_vec scores, int head, int position, int key, bool whole) {
    float_tag const d;
    if constexpr (Capped)
      scores = hn::Mul(hn::Set(d, s.softcap), tanh(d, hn::Mul(scores, hn::Set(d, 1.0F / s.softcap))));
    if constexpr (Biased) {
      float const* const bias = s.bias + static_cast<std::size_t>(head) * s.bias_stride;
      scores = hn::Add(scores, hn::LoadU(d, bias + key - position));
    }
    if (whole) return scores;
    hn::RebindToSigned<float_tag> const di;
    key_range const seen = s.mask.visible(position);
    auto const keys = hn::Iota(di, key);
    auto const inside = hn::And(hn::Ge(keys, hn::Set(di, seen.begin)), hn::Lt(keys, hn::Set(di, seen.end)));
    return hn::IfThenElse(hn::RebindMask(d, inside), scores, hn::Set(d, -std::numeric_limits<float>::infinity()));
  }

  // The scales of `keys` keys, whole panels of them. Those of keys that nobody has written yet, or that no query sees,
  // meet scores that become −∞.
  static HWY_INLINE void load_scales(span const& s, scratch& t, int first_key, int keys) {
    for (int k = 0; k < keys; k += panel_rows) {
      auto const slot =
          static_cast<std::size_t>(s.blocks[(first_key + k) / panel_rows]) * static_cast<std::size_t>(s.slots);
      std::memcpy(t.scales.keys + k, s.keys + slot * key_elements, scale_elements);
      std::memcpy(t.scales.values + k, s.values + slot * value_elements, scale_elements);
    }
  }

  // scores → exp(score − peak), with the peak and the total carried from tile to tile.
  template <class Count>
  static HWY_INLINE void soften_row(span const& s, scratch& t, int row, int first_key, bool whole, Count count) {
    float_tag const d;
    float* HWY_RESTRICT scores = t.scores[row];
    auto top = hn::Set(d, t.peak[row]);
    for (int k = 0; k < count; k += lanes) {
      auto const v =
          shaped(s, hn::LoadU(d, scores + k), row % Group, s.first_position + row / Group, first_key + k, whole);
      if (Capped || Biased || !whole) hn::StoreU(v, d, scores + k);
      top = hn::Max(top, v);
    }
    auto const peak = hn::MaxOfLanes(d, top);
    auto total = hn::Zero(d);
    for (int k = 0; k < count; k += lanes) {
      auto const e = exp<true>(d, hn::Sub(hn::LoadU(d, scores + k), peak));
      if constexpr (scaled)
        hn::StoreU(hn::Mul(e, hn::Load(d, t.scales.values + k)), d, scores + k);
      else
        hn::StoreU(e, d, scores + k);
      total = hn::Add(total, e);
    }
    float const decay = hn::GetLane(exp<true>(d, hn::Sub(hn::Set(d, t.peak[row]), peak)));
    t.total[row] = t.total[row] * decay + hn::ReduceSum(d, total);
    t.peak[row] = hn::GetLane(peak);
    t.decay[row] = decay;
  }

  // Scores of a tile of `count` keys, whole panels, to exponentials; `whole`: every query sees all of them.
  template <class Count>
  static HWY_INLINE void weigh_tile(span const& s, scratch& t, int rows, int first_key, bool whole, Count count) {
    for (int row = 0; row < rows; ++row) soften_row(s, t, row, first_key, whole, count);
  }

  static HWY_INLINE void load_queries(span const& s, scratch& t, int rows) {
    for (int row = 0; row < rows; ++row) {
      float const* q = s.query + static_cast<std::size_t>(row / Group) * s.query_stride +
                       static_cast<std::size_t>(row % Group) * HeadDim;
      for (int j = 0; j < HeadDim; ++j) t.query[row][j] = q[j] * s.scale;
      if constexpr (HeadDim % panel_line<kept<Type>>::columns != 0) t.query[row][HeadDim] = 0.0F;  // beside no key
      for (int j = 0; j < width; ++j) t.sums[row][j] = 0.0F;
      t.peak[row] = std::numeric_limits<float>::lowest();
      t.total[row] = 0.0F;
    }
  }

  static HWY_INLINE void store_results(span const& s, scratch const& t, int rows) {
    for (int row = 0; row < rows; ++row) {
      float* out = s.out + static_cast<std::size_t>(row / Group) * s.out_stride +
                   static_cast<std::size_t>(row % Group) * HeadDim;
      float const inverse = t.total[row] > 0.0F ? 1.0F / t.total[row] : 0.0F;  // no key: a zero vector
      for (int j = 0; j < HeadDim; ++j) out[j] = t.sums[row][j] * inverse;
    }
  }

  template <int Rows>
  static HWY_INLINE void attend_rows(span const& s, scratch& t) {
    int const rows = s.positions * Group;
    tile_list const tiles = tiles_of(s.mask, s.first_position, s.positions, panel_rows);
    load_queries(s, t, rows);
    for (int first = tiles.visited.begin, next = 0; first < tiles.visited.end; first = next) {
      // Tiles end where positions are multiples of their size: sums are then grouped alike, whatever the other queries
      // of the span see.
      next = HWY_MIN(first / key_tile * key_tile + key_tile, tiles.visited.end);
      int const keys = next - first;
      if constexpr (scaled) load_scales(s, t, first, keys);
      score_tile<Rows>(s, t, rows, first, keys);
      int const count = padded(keys);
      bool const whole = tiles.is_whole(first, count);
      if (count == key_tile)
        weigh_tile(s, t, rows, first, whole, fixed<key_tile>{});
      else  // a short text, or the last keys of one: a dozen keys need no 64 exponentials
        weigh_tile(s, t, rows, first, whole, count);
      sum_tile<Rows>(s, t, rows, first, keys);
    }
    store_results(s, t, rows);
  }

  // The scores of one query and `Vecs` vectors of keys in a panel become exponentials in `weights`; returns one over
  // their sum, or 0 if the query sees no key.
  template <int Vecs>
  static HWY_INLINE float_vec weigh_short(span const& s, float const* key_panel, float const* q, int head, int position,
                                          int first_key, bool whole, float* HWY_RESTRICT weights) {
    float_tag const d;
    float_vec scores[Vecs];
    for (int v = 0; v < Vecs; ++v) scores[v] = hn::Zero(d);
    HWY_UNROLL(16)
    for (int j = 0; j < HeadDim; ++j) {
      auto const input = hn::Set(d, q[j] * s.scale);
      HWY_UNROLL(4)
      for (int v = 0; v < Vecs; ++v)
        scores[v] = hn::MulAdd(input, hn::LoadU(d, key_panel + j * panel_rows + v * lanes), scores[v]);
    }
    auto top = hn::Set(d, std::numeric_limits<float>::lowest());
    HWY_UNROLL(4)
    for (int v = 0; v < Vecs; ++v) {
      scores[v] = shaped(s, scores[v], head, s.first_position + position, first_key + v * lanes, whole);
      top = hn::Max(top, scores[v]);
    }
    auto const peak = hn::MaxOfLanes(d, top);
    auto total = hn::Zero(d);
    HWY_UNROLL(4)
    for (int v = 0; v < Vecs; ++v) {
      auto const e = exp<true>(d, hn::Sub(scores[v], peak));
      hn::StoreU(e, d, weights + v * lanes);
      total = hn::Add(total, e);
    }
    float const sum = hn::ReduceSum(d, total);
    return hn::Set(d, sum > 0.0F ? 1.0F / sum : 0.0F);
  }

  // exp-weighted sum of values over `keys` keys, times `scale`, into out (head_dim).
  static HWY_INLINE void mix_short(float const* HWY_RESTRICT weights, float const* HWY_RESTRICT values, int keys,
                                   float_vec scale, float* HWY_RESTRICT room, float* HWY_RESTRICT out) {
    float_tag const d;
    constexpr int vecs = (HeadDim + lanes - 1) / lanes;
    float_vec sums[vecs];
    for (int v = 0; v < vecs; ++v) sums[v] = hn::Zero(d);
    for (int k = 0; k < keys; ++k, values += width)
      for (int v = 0; v < vecs; ++v)
        sums[v] = hn::MulAdd(hn::Set(d, weights[k]), hn::LoadU(d, values + v * lanes), sums[v]);
    for (int v = 0; v < vecs; ++v) hn::StoreU(hn::Mul(sums[v], scale), d, room + v * lanes);
    std::memcpy(out, room, HeadDim * sizeof(float));  // a vector would reach into the next head
  }

  // A text of so few keys that the scores of a row stay in registers. The same operations in the same order as over
  // tiles, so that it does not matter to a bit which of the two a row takes. The span is a copy, so that its fields
  // stay in registers.
  template <int Vecs>
  static HWY_INLINE void attend_short(span s, scratch& t, int first_key, int keys) {
    bool const whole = tiles_of(s.mask, s.first_position, s.positions, panel_rows).is_whole(first_key, Vecs * lanes);
    auto const slot = static_cast<std::size_t>(s.blocks[first_key / panel_rows]) * static_cast<std::size_t>(s.slots);
    for (int p = 0; p < s.positions; ++p) {
      float const* key_panel = s.keys + slot * (HeadDim * panel_rows);
      float const* values = s.values + slot * (panel_rows * width);
      float const* query = s.query + static_cast<std::size_t>(p) * s.query_stride;
      float* out = s.out + static_cast<std::size_t>(p) * s.out_stride;
      for (int query_head = 0; query_head < s.heads * Group; ++query_head, query += HeadDim, out += HeadDim) {
        auto const inverse = weigh_short<Vecs>(s, key_panel, query, query_head, p, first_key, whole, t.scores[0]);
        mix_short(t.scores[0], values, keys, inverse, t.sums[0], out);
        if (query_head % Group == Group - 1) {
          key_panel += HeadDim * panel_rows;
          values += panel_rows * width;
        }
      }
    }
  }

#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
  // The same of at most eight keys, two heads at a time.
  static HWY_INLINE void attend_pairs(span s, int first_key, int keys) {
    auto const slot = static_cast<std::size_t>(s.blocks[first_key / panel_rows]) * static_cast<std::size_t>(s.slots);
    float const* const all_keys = s.keys + slot * (HeadDim * panel_rows);
    float const* const all_values = s.values + slot * (panel_rows * width);
    int const heads = s.heads * Group;
    for (int p = 0; p < s.positions; ++p) {
      float const* const query = s.query + static_cast<std::size_t>(p) * s.query_stride;
      float* const out = s.out + static_cast<std::size_t>(p) * s.out_stride;
      key_range const seen = s.mask.visible(s.first_position + p);
      key_range const within{seen.begin - first_key, seen.end - first_key};
      auto const keys_of = [&](int h) { return all_keys + h / Group * (HeadDim * panel_rows); };
      auto const values_of = [&](int h) { return all_values + h / Group * (panel_rows * width); };
      for (int h = 0; h < heads; h += 2)
        attend_halves<HeadDim, width>({.query = query + h * HeadDim,
                                       .keys = {keys_of(h), keys_of(h + 1)},
                                       .values = {values_of(h), values_of(h + 1)},
                                       .out = out + h * HeadDim},
                                      s.scale, keys, within);
    }
  }
#endif

  static HWY_INLINE void attend_long(span s, scratch& t) {
    for (int head = 0; head < s.heads; ++head) {
      if (s.positions == 1) {
        attend_rows<HWY_MIN(Group, tile_shape<float>::rows)>(s, t);
      } else {
        attend_rows<HWY_MIN(max_rows, tile_shape<float>::rows)>(s, t);
      }
      s.query += Group * HeadDim;
      s.out += Group * HeadDim;
      s.keys += key_elements;
      s.values += value_elements;
      if constexpr (Biased) s.bias += Group * s.bias_stride;
    }
  }

 public:
  /// All rows of `s`, at most `span_positions` positions; `t` is this thread's own.
  static HWY_NOINLINE void attend(span const& s, scratch& t) {
    if constexpr (HeadDim <= largest_short_head && Type == dtype::f32) {
      key_range const seen = tiles_of(s.mask, s.first_position, s.positions, panel_rows).visited;
      int const keys = seen.end - seen.begin;
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
      if constexpr (HeadDim <= half_lanes && !Capped && !Biased)
        if (keys > 0 && keys <= half_lanes && s.heads * Group % 2 == 0) return attend_pairs(s, seen.begin, keys);
#endif
      if (keys > 0 && keys <= lanes) return attend_short<1>(s, t, seen.begin, keys);
      if (keys > lanes && keys <= panel_rows) return attend_short<panel_vecs>(s, t, seen.begin, keys);
    }
    attend_long(s, t);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

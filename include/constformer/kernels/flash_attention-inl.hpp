// Attention over whole sequences and its gradient, tile by tile (FlashAttention, arXiv:2307.08691): of the scores
// only a tile is ever in memory, and one log-sum-exp for each query is kept.
#if defined(CONSTFORMER_KERNELS_FLASH_ATTENTION_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_FLASH_ATTENTION_INL_HPP
#undef CONSTFORMER_KERNELS_FLASH_ATTENTION_INL_HPP
#else
#define CONSTFORMER_KERNELS_FLASH_ATTENTION_INL_HPP
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/kernels/coins.hpp"
#include "constformer/kernels/few_rows-inl.hpp"
#include "constformer/kernels/gradients-inl.hpp"
#include "constformer/kernels/masks.hpp"
#include "constformer/kernels/math-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/relative.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Queries and keys of a tile.
inline constexpr int attention_tile = 64;

/// Widths of the heads of one attention layer.
struct attention_extents {
  int heads;      ///< of queries
  int kv_heads;   ///< divides heads
  int head_dim;   ///< of queries and keys
  int value_dim;  ///< of values
};

/// Where the coins of one sequence's queries come from (kernels/coins.hpp).
struct dropped_queries {
  std::uint64_t coins = 0;    ///< of the pass
  int site = 0;               ///< of the call
  int layer = 0;              ///< of the loop at hand
  std::size_t first_row = 0;  ///< of query 0, times the heads

  /// Of one query of one head.
  [[nodiscard]] std::uint64_t of(int query, int head, int heads) const {
    return coins_of_query(
        coins, site, layer,
        first_row + static_cast<std::size_t>(query) * static_cast<std::size_t>(heads) + static_cast<std::size_t>(head));
  }
};

/// What a query of one sequence sees, and what becomes of its scores.
struct score_rules {
  float factor;             ///< what q·k is multiplied by
  float softcap;            ///< scores become cap·tanh(score/cap); 0: they stay
  bool causal;              ///< keys after the query are seen only within the prefix
  int window;               ///< a query sees so many keys, its own included; 0: no limit
  int prefix;               ///< keys that all queries see
  int keys;                 ///< of the sequence
  bool biased;              ///< by buckets of distances
  relative_config buckets;  ///< if biased
  float const* table;       ///< (buckets, heads), if biased
  float dropout = 0.0F;     ///< share of the probabilities that is dropped
  dropped_queries coins{};  ///< which these are

  /// Keys that the query at `position` sees.
  [[nodiscard]] constexpr key_range visible(int position) const {
    int const begin = window > 0 ? HWY_MAX(0, position + 1 - window) : 0;
    return {begin, causal ? HWY_MIN(keys, HWY_MAX(prefix, position + 1)) : keys};
  }
  /// Queries, of `queries`, that see the key at `position`.
  [[nodiscard]] constexpr key_range seeing(int position, int queries) const {
    int const end = window > 0 ? HWY_MIN(queries, position + window) : queries;
    return {causal && position >= prefix ? position : 0, end};
  }
  /// Whether scores are more than products.
  [[nodiscard]] constexpr bool shapes() const { return softcap > 0.0F || biased; }
};

/// Queries, keys and values of one sequence, and what is made of them; row strides in floats, heads beside each other.
struct attention_rows {
  float* q;                ///< (queries, heads, head_dim)
  float* k;                ///< (keys, kv_heads, head_dim)
  float* v;                ///< (keys, kv_heads, value_dim)
  float* out;              ///< (queries, heads, value_dim), behind it (heads): log-sum-exps
  std::size_t q_stride;    ///< of q
  std::size_t k_stride;    ///< of k
  std::size_t v_stride;    ///< of v
  std::size_t out_stride;  ///< of out
  int queries;             ///< of the sequence
  int keys;                ///< of the sequence, or of its source
  int first = 0;           ///< position of query 0 in the sequence: keys of those before it are there, too
};

/// Tiles of queries that meet a tile of keys while that is packed.
inline constexpr int attention_block = 4;

/// Floats that attention wants for itself, each worker, for sequences of up to `longest` rows.
constexpr std::size_t attention_scratch(int head_dim, int value_dim, int longest, bool biased) {
  auto const dim = static_cast<std::size_t>(padded(head_dim)), width = static_cast<std::size_t>(padded(value_dim));
  return static_cast<std::size_t>(attention_tile) *
             (4 * attention_tile + 2 * attention_block + 3 * dim + (2 + attention_block) * width) +
         (biased ? 4 * (static_cast<std::size_t>(longest) + attention_tile) : 0);
}

/// The rows of a tile of one matrix: `rows` from `row` on, `columns` from `column` on.
HWY_INLINE float_rows tile_of(float const* base, std::size_t stride, int row, int column, int rows, int columns) {
  return {const_cast<float*>(base) + static_cast<std::size_t>(row) * stride + column, stride, rows, columns};
}

/// Panels that so many columns take.
HWY_INLINE int panels_for(int columns) { return padded(columns) / panel_rows; }

/// Rows of a tile that are told apart by what they see.
inline constexpr int attention_rows_at_once = 24;

/// out (a.rows, 16·count) = a · panels, but only of rows seen_by(first, last) for the columns [first, last] of a panel.
template <class Seen>
HWY_INLINE void multiply_seen(float_rows const& a, float const* packed, int count, float* out, Seen const& seen_by) {
  constexpr int most = tile_shape<float>::panels;
  packed_panels const w{packed, a.columns};
  product_end const end{out, attention_tile, attention_tile, false, nullptr};
  auto const take = [&]<int Panels>(int p) HWY_ATTR {
    key_range const rows = seen_by(p * panel_rows, (p + Panels) * panel_rows - 1);
    int const begin = HWY_MAX(0, rows.begin);
    product_tiles<Panels>({a.data, a.stride, HWY_MIN(a.rows, rows.end), a.columns}, begin, w, p, end);
  };
  int p = 0;
  for (; p + most <= count; p += most) take.template operator()<most>(p);
  if constexpr (most > 1)
    for (; p < count; ++p) take.template operator()<1>(p);
}

/// out += a · packed rows of `lines` lines, of which rows [first, last] want seen_by(first, last) alone: their other
/// columns are 0.
template <class Seen>
HWY_INLINE void add_seen(float_rows const& a, float const* packed, int lines, float_rows const& out,
                         Seen const& seen_by) {
  for (int row = 0, rows = 0; row < a.rows; row += rows) {
    rows = HWY_MIN(attention_rows_at_once, a.rows - row);
    key_range const some = seen_by(row, row + rows - 1);
    int const begin = HWY_MAX(0, some.begin);
    int const depth = HWY_MIN(a.columns, some.end) - begin;
    if (depth <= 0) continue;
    multiply(tile_of(a.data, a.stride, row, begin, rows, depth), 0,
             {packed + static_cast<std::size_t>(begin) * panel_rows, lines}, panels_for(out.columns),
             {out.data + static_cast<std::size_t>(row) * out.stride, out.stride, out.columns, true, nullptr});
  }
}

/// Biases of `head` for each distance key − query, or with `Reversed` query − key, in `room`; queries end at position
/// `queries`.
template <bool Reversed>
HWY_INLINE float* biases_by_distance(score_rules const& rules, int heads, int head, int queries, float* room) {
  float* const base = room + (Reversed ? rules.keys : queries) + attention_tile;
  mask_kind const mask = rules.causal ? mask_kind::causal : mask_kind::bidirectional;
  for (int distance = -queries + 1; distance < rules.keys; ++distance)
    base[Reversed ? -distance : distance] = rules.table[relative_bucket(rules.buckets, mask, distance) * heads + head];
  return base;
}

/// Products of a tile become scores; `biases`, if there are any, are those of column 0 of row 0, and one less of each
/// row after. `slopes` gets how much a score changes with its product, if it is not null.
HWY_INLINE void shape_scores(score_rules const& rules, float* tile, int rows, float const* biases, float* slopes) {
  float_tag const d;
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < attention_tile; c += lanes) {
      float* const at = tile + r * attention_tile + c;
      auto s = hn::Mul(hn::LoadU(d, at), hn::Set(d, rules.factor));
      auto slope = hn::Set(d, 1.0F);
      if (rules.softcap > 0.0F) {
        auto const t = tanh(d, hn::Mul(s, hn::Set(d, 1.0F / rules.softcap)));
        slope = hn::NegMulAdd(t, t, slope);
        s = hn::Mul(t, hn::Set(d, rules.softcap));
      }
      if (biases != nullptr) s = hn::Add(s, hn::LoadU(d, biases - r + c));
      hn::StoreU(s, d, at);
      if (slopes != nullptr) hn::StoreU(slope, d, slopes + r * attention_tile + c);
    }
}

/// Lanes [begin, end) of the columns of a tile from `c` on.
HWY_INLINE auto columns_within(int c, key_range range) {
  int_tag const di;
  auto const index = hn::Iota(di, c);
  return hn::RebindMask(float_tag(),
                        hn::And(hn::Ge(index, hn::Set(di, range.begin)), hn::Lt(index, hn::Set(di, range.end))));
}

/// Largest of factor·s of one row of a tile over the columns of `range`, or `largest`.
HWY_INLINE float largest_score(float const* row, key_range range, float factor, float largest) {
  float_tag const d;
  auto most = hn::Set(d, largest);
  auto const by = hn::Set(d, factor);
  int const begin = HWY_MAX(0, range.begin), end = HWY_MIN(attention_tile, range.end);
  for (int c = begin / lanes * lanes; c < end; c += lanes) {
    auto s = hn::Mul(hn::LoadU(d, row + c), by);
    if (c < begin || c + lanes > end) s = hn::IfThenElse(columns_within(c, range), s, most);
    most = hn::Max(most, s);
  }
  return hn::ReduceMax(d, most);
}

/// One row of scores of a tile becomes probabilities: exp(factor·s − shift) in the columns of `range`, else 0, up to
/// column `width`; their sum. `shift` gives a vector of them by column.
template <class Shift>
HWY_INLINE float probabilities(float* row, key_range range, int width, float factor, Shift const& shift) {
  float_tag const d;
  auto total = hn::Zero(d);
  for (int c = 0; c < width; c += lanes) {
    if (c >= range.end || c + lanes <= range.begin) {
      hn::StoreU(hn::Zero(d), d, row + c);
      continue;
    }
    auto const s = hn::Min(hn::MulSub(hn::LoadU(d, row + c), hn::Set(d, factor), shift(c)), hn::Zero(d));
    auto p = exp<true>(d, s);
    if (c < range.begin || c + lanes > range.end) p = hn::IfThenElseZero(columns_within(c, range), p);
    hn::StoreU(p, d, row + c);
    total = hn::Add(total, p);
  }
  return hn::ReduceSum(d, total);
}

/// Attention of one head of one sequence.
class attention_pass {
 public:
  /// `scratch` has `attention_scratch` floats.
  attention_pass(attention_rows const& a, attention_extents const& e, score_rules const& rules, int head,
                 float* scratch)
      : a_(a),
        e_(e),
        rules_(rules),
        head_(head),
        group_(head / (e.heads / e.kv_heads)),
        width_(padded(e.value_dim)),
        factor_(rules.shapes() ? 1.0F : rules.factor),
        scores_(scratch) {}

  /// Writes what the head gives.
  HWY_NOINLINE void run() {
    if (rules_.biased) biases_ = biases_by_distance<false>(rules_, e_.heads, head_, a_.first + a_.queries, room_);
    for (int query = 0; query < a_.queries; query += block_rows) attend(query, HWY_MIN(block_rows, a_.queries - query));
  }

 private:
  // Queries [from, from + queries).
  HWY_INLINE void attend(int from, int queries) {
    for (int r = 0; r < queries; ++r) peaks_[r] = -1e30F, totals_[r] = 0.0F;
    for (int i = 0; i < queries * width_; ++i) sums_[i] = 0.0F;
    int const position = a_.first + from;
    int const first = rules_.visible(position).begin / attention_tile * attention_tile;
    int const end = rules_.visible(position + queries - 1).end;
    for (int key = first; key < end; key += attention_tile) {
      int const keys = HWY_MIN(attention_tile, a_.keys - key);
      if (a_.queries <= few_rows) {
        attend_few(from, queries, key, keys);
        continue;
      }
      pack<second_is::outputs>(tile_of(a_.k, a_.k_stride, key, group_ * e_.head_dim, keys, e_.head_dim), 0,
                               panels_for(keys), 0, e_.head_dim, keys_);
      pack<second_is::depth>(tile_of(a_.v, a_.v_stride, key, group_ * e_.value_dim, keys, e_.value_dim), 0,
                             panels_for(e_.value_dim), 0, keys, values_);
      for (int row = 0; row < queries; row += attention_tile) {
        int const some = HWY_MIN(attention_tile, queries - row);
        if (rules_.visible(position + row).begin >= key + keys || rules_.visible(position + row + some - 1).end <= key)
          continue;
        attend_tile(from, row, some, key, keys);
      }
    }
    for (int r = 0; r < queries; ++r) finish_row(from + r, sums_ + r * width_, peaks_[r], totals_[r]);
  }

  // Of them, rows [row, row + queries), and keys [key, key + keys).
  HWY_INLINE void attend_tile(int from, int row, int queries, int key, int keys) {
    int const query = from + row;
    multiply_seen(tile_of(a_.q, a_.q_stride, query, head_ * e_.head_dim, queries, e_.head_dim), keys_, panels_for(keys),
                  scores_, [&](int one, int other) HWY_ATTR {
                    int const last = a_.first + a_.queries;
                    key_range const rows{rules_.seeing(key + one, last).begin, rules_.seeing(key + other, last).end};
                    return key_range{rows.begin - a_.first - query, rows.end - a_.first - query};
                  });
    if (rules_.shapes())
      shape_scores(rules_, scores_, queries, biases_ == nullptr ? nullptr : biases_ + key - a_.first - query, nullptr);
    for (int r = 0; r < queries; ++r) weigh_row(row + r, r, columns_of(query + r, query + r, key), padded(keys));
    if (rules_.dropout > 0.0F) drop(query, queries, key, keys);
    add_seen({scores_, attention_tile, queries, keys}, values_, keys,
             {sums_ + row * width_, static_cast<std::size_t>(width_), queries, e_.value_dim},
             [&](int one, int other) HWY_ATTR { return columns_of(query + one, query + other, key); });
  }

  // The same of a few queries, which is quicker without packing.
  HWY_INLINE void attend_few(int query, int queries, int key, int keys) {
    few_rows_product<second_is::outputs>(tile_of(a_.q, a_.q_stride, query, head_ * e_.head_dim, queries, e_.head_dim),
                                         tile_of(a_.k, a_.k_stride, key, group_ * e_.head_dim, keys, e_.head_dim),
                                         {scores_, attention_tile, attention_tile, false, nullptr}, 0,
                                         panels_for(keys));
    if (rules_.shapes())
      shape_scores(rules_, scores_, queries, biases_ == nullptr ? nullptr : biases_ + key - a_.first - query, nullptr);
    for (int r = 0; r < queries; ++r) {
      key_range columns = columns_of(query + r, query + r, key);
      columns.end = HWY_MIN(columns.end, keys);
      weigh_row(r, r, columns, padded(keys));
    }
    if (rules_.dropout > 0.0F) drop(query, queries, key, keys);
    few_rows_product<second_is::depth>({scores_, attention_tile, queries, keys},
                                       tile_of(a_.v, a_.v_stride, key, group_ * e_.value_dim, keys, e_.value_dim),
                                       {sums_, static_cast<std::size_t>(width_), width_, true, nullptr}, 0,
                                       panels_for(e_.value_dim));
  }

  // Probabilities of a tile that are kept make up for those that are dropped; a query's total is of all.
  HWY_INLINE void drop(int query, int queries, int key, int keys) {
    float const kept = 1.0F / (1.0F - rules_.dropout);
    for (int r = 0; r < queries; ++r) {
      std::uint64_t const coins = rules_.coins.of(query + r, head_, e_.heads);
      float* const scores = scores_ + r * attention_tile;
      for (int c = 0; c < keys; ++c) scores[c] *= is_dropped(coins, key + c, rules_.dropout) ? 0.0F : kept;
    }
  }

  // Columns of a tile of keys that some query of [first, last] sees.
  HWY_INLINE key_range columns_of(int first, int last, int key) const {
    return {rules_.visible(a_.first + first).begin - key, rules_.visible(a_.first + last).end - key};
  }

  // Row `r` of the scores becomes probabilities below a peak that only rises.
  HWY_INLINE void weigh_row(int row, int r, key_range columns, int width) {
    float_tag const d;
    float* const scores = scores_ + r * attention_tile;
    float const before = peaks_[row];
    peaks_[row] = largest_score(scores, columns, factor_, before);
    auto const shift = hn::Set(d, peaks_[row]);
    float const total = probabilities(scores, columns, width, factor_, [shift](int) HWY_ATTR { return shift; });
    if (peaks_[row] == before || totals_[row] == 0.0F) {
      totals_[row] += total;
      return;
    }
    float const fade = std::exp(before - peaks_[row]);
    totals_[row] = totals_[row] * fade + total;
    float* const sum = sums_ + row * width_;
    for (int c = 0; c < width_; c += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, sum + c), hn::Set(d, fade)), d, sum + c);
  }

  HWY_INLINE void finish_row(int query, float const* sum, float peak, float total) {
    float_tag const d;
    float* const out = a_.out + static_cast<std::size_t>(query) * a_.out_stride;
    bool const sees = total > 0.0F;  // a query that sees no key gives zeros
    auto const share = hn::Set(d, sees ? 1.0F / total : 0.0F);
    store_row(out + head_ * e_.value_dim, e_.value_dim,
              [&](int i, std::size_t) HWY_ATTR { return hn::Mul(hn::LoadU(d, sum + i), share); });
    out[e_.heads * e_.value_dim + head_] = sees ? peak + std::log(total) : 1e30F;
  }

  static constexpr int block_rows = attention_block * attention_tile;

  attention_rows const& a_;
  attention_extents const& e_;
  score_rules const& rules_;
  int head_;
  int group_;     // of keys and values
  int width_;     // of a row of sums
  float factor_;  // of scores that are still products
  float* scores_;
  float* peaks_ = scores_ + attention_tile * attention_tile;  // of the queries, so far
  float* totals_ = peaks_ + block_rows;                       // of exponentials
  float* sums_ = totals_ + block_rows;                        // of values
  float* keys_ = sums_ + block_rows * width_;                 // packed
  float* values_ = keys_ + attention_tile * padded(e_.head_dim);
  float* room_ = values_ + attention_tile * width_;  // biases by distance
  float* biases_ = nullptr;                          // of distance 0
};

/// Gradients beside `attention_rows`: of what the heads gave, and of what they took.
struct attention_gradients {
  float const* dy;        ///< (queries, heads, value_dim)
  std::size_t dy_stride;  ///< floats from row to row
  float* dq;              ///< (queries, heads, head_dim)
  std::size_t dq_stride;  ///< floats from row to row
  float* dk;              ///< (keys, kv_heads, head_dim)
  float* dv;              ///< (keys, kv_heads, value_dim)
  std::size_t kv_stride;  ///< of dk and dv
  float* dbias;           ///< (heads, buckets), if scores are biased; those of the heads at hand are set
};

/// The gradient of one key and value head of one sequence and of the query heads that share it; dq, dk and dv of these
/// must be 0 before.
class attention_reversal {
 public:
  /// `scratch` has `attention_scratch` floats.
  attention_reversal(attention_rows const& a, attention_gradients const& g, attention_extents const& e,
                     score_rules const& rules, int group, float* scratch)
      : a_(a), g_(g), e_(e), rules_(rules), group_(group), p_(scratch) {}

  /// Adds what the heads give back.
  HWY_NOINLINE void run() {
    int const shared = e_.heads / e_.kv_heads;
    for (int head = group_ * shared; head < (group_ + 1) * shared; ++head) {
      begin_biases(head);
      for (int query = 0; query < a_.queries; query += attention_tile) {
        int const queries = HWY_MIN(attention_tile, a_.queries - query);
        begin_queries(head, query, queries);
        int const first = rules_.visible(query).begin / attention_tile * attention_tile;
        int const end = rules_.visible(query + queries - 1).end;
        for (int key = first; key < end; key += attention_tile) reverse_tile(head, query, queries, key);
      }
      end_biases(head);
    }
  }

 private:
  static constexpr int area = attention_tile * attention_tile;

  // dBias of each distance query − key, and the biases themselves.
  HWY_INLINE void begin_biases(int head) {
    if (!rules_.biased) return;
    biases_ = biases_by_distance<true>(rules_, e_.heads, head, a_.queries, room_);
    float* const room = room_ + 2 * attention_tile + a_.queries + a_.keys;
    slopes_by_distance_ = room + a_.keys + attention_tile;
    for (int i = 0; i < 2 * attention_tile + a_.queries + a_.keys; ++i) room[i] = 0.0F;
  }
  HWY_INLINE void end_biases(int head) {
    if (!rules_.biased) return;
    float* const out = g_.dbias + head * rules_.buckets.buckets;
    for (int i = 0; i < rules_.buckets.buckets; ++i) out[i] = 0.0F;
    mask_kind const mask = rules_.causal ? mask_kind::causal : mask_kind::bidirectional;
    for (int distance = -a_.queries + 1; distance < a_.keys; ++distance)
      out[relative_bucket(rules_.buckets, mask, distance)] += slopes_by_distance_[-distance];
  }

  HWY_INLINE float_rows queries_of(int head, int query, int queries) const {
    return tile_of(a_.q, a_.q_stride, query, head * e_.head_dim, queries, e_.head_dim);
  }
  HWY_INLINE float_rows dy_of(int head, int query, int queries) const {
    return tile_of(g_.dy, g_.dy_stride, query, head * e_.value_dim, queries, e_.value_dim);
  }

  // A tile of queries and of what comes back to them is packed both ways.
  HWY_INLINE void begin_queries(int head, int query, int queries) {
    float_rows const q = queries_of(head, query, queries), dy = dy_of(head, query, queries);
    recall_sums(head, query, queries, dy);
    pack<second_is::outputs>(q, 0, panels_for(queries), 0, e_.head_dim, q_across_);
    pack<second_is::depth>(q, 0, panels_for(e_.head_dim), 0, queries, q_down_);
    pack<second_is::outputs>(dy, 0, panels_for(queries), 0, e_.value_dim, dy_across_);
    pack<second_is::depth>(dy, 0, panels_for(e_.value_dim), 0, queries, dy_down_);
  }

  HWY_INLINE void reverse_tile(int head, int query, int queries, int key) {
    float_tag const d;
    int const dim = e_.head_dim, width = e_.value_dim;
    int const keys = HWY_MIN(attention_tile, a_.keys - key);
    float_rows const k = tile_of(a_.k, a_.k_stride, key, group_ * dim, keys, dim);
    float_rows const v = tile_of(a_.v, a_.v_stride, key, group_ * width, keys, width);
    auto const keys_seen = [&](int one, int other) HWY_ATTR {  // by queries of the tile
      return key_range{rules_.visible(query + one).begin - key, rules_.visible(query + other).end - key};
    };
    auto const queries_seeing = [&](int one, int other) HWY_ATTR {  // keys of the tile
      return key_range{rules_.seeing(key + one, a_.queries).begin - query,
                       rules_.seeing(key + other, a_.queries).end - query};
    };
    multiply_seen(k, q_across_, panels_for(queries), p_, keys_seen);
    if (rules_.shapes()) shape_scores(rules_, p_, keys, rules_.biased ? biases_ + query - key : nullptr, slopes_);
    float const factor = rules_.shapes() ? 1.0F : rules_.factor;
    for (int r = 0; r < keys; ++r)
      probabilities(p_ + r * attention_tile, columns_of(queries_seeing(r, r), queries), padded(queries), factor,
                    [&](int c) HWY_ATTR { return hn::LoadU(d, shift_ + c); });
    float const* weights = p_;
    if (rules_.dropout > 0.0F) {
      std::copy_n(p_, area, ds_);
      drop(head, query, queries, key, keys, ds_);
      weights = ds_;
    }
    add_seen({const_cast<float*>(weights), attention_tile, keys, queries}, dy_down_, queries,
             tile_of(g_.dv, g_.kv_stride, key, group_ * width, keys, width), queries_seeing);
    multiply_seen(v, dy_across_, panels_for(queries), dp_, keys_seen);
    if (rules_.dropout > 0.0F) drop(head, query, queries, key, keys, dp_);
    for (int r = 0; r < keys; ++r) slope_row(r, query - key - r, columns_of(queries_seeing(r, r), queries), queries);
    add_seen({p_, attention_tile, keys, queries}, q_down_, queries,
             tile_of(g_.dk, g_.kv_stride, key, group_ * dim, keys, dim), queries_seeing);
    transpose({p_, attention_tile, keys, queries}, 0, queries, {ds_, attention_tile, queries, keys});
    pack<second_is::depth>(k, 0, panels_for(dim), 0, keys, k_down_);
    add_seen({ds_, attention_tile, queries, keys}, k_down_, keys,
             tile_of(g_.dq, g_.dq_stride, query, head * dim, queries, dim), keys_seen);
  }

  static HWY_INLINE key_range columns_of(key_range seen, int columns) {
    return {HWY_MAX(0, seen.begin), HWY_MIN(seen.end, columns)};
  }

  // What attention_pass dropped, of a tile (keys, queries).
  HWY_INLINE void drop(int head, int query, int queries, int key, int keys, float* tile) {
    float const kept = 1.0F / (1.0F - rules_.dropout);
    for (int c = 0; c < queries; ++c) {
      std::uint64_t const coins = rules_.coins.of(query + c, head, e_.heads);
      for (int r = 0; r < keys; ++r)
        tile[r * attention_tile + c] *= is_dropped(coins, key + r, rules_.dropout) ? 0.0F : kept;
    }
  }

  // Log-sum-exps of the queries, and Σ out·dy.
  HWY_INLINE void recall_sums(int head, int query, int queries, float_rows const& dy) {
    for (int r = 0; r < queries; ++r) {
      float const* const out = a_.out + static_cast<std::size_t>(query + r) * a_.out_stride;
      shift_[r] = out[e_.heads * e_.value_dim + head];
      inner_[r] = sum_of_pairs(out + head * e_.value_dim, dy.data + static_cast<std::size_t>(r) * dy.stride,
                               e_.value_dim, [](float_vec x, float_vec y) HWY_ATTR { return hn::Mul(x, y); });
    }
    for (int r = queries; r < attention_tile; ++r) shift_[r] = inner_[r] = 0.0F;
  }

  // dS = P·(dP − Σ out·dy) of one key, times how much the score changes with the product, 0 outside of `range`;
  // `distance` is that of column 0.
  HWY_INLINE void slope_row(int r, int distance, key_range range, int queries) {
    float_tag const d;
    for (int c = 0; c < padded(queries); c += lanes) {
      float* const at = p_ + r * attention_tile + c;
      if (c >= range.end || c + lanes <= range.begin) continue;  // 0 already
      auto slope =
          hn::Mul(hn::LoadU(d, at), hn::Sub(hn::LoadU(d, dp_ + r * attention_tile + c), hn::LoadU(d, inner_ + c)));
      if (rules_.biased) {
        float* const sum = slopes_by_distance_ + distance + c;
        hn::StoreU(hn::Add(hn::LoadU(d, sum), slope), d, sum);
      }
      if (rules_.softcap > 0.0F) slope = hn::Mul(slope, hn::LoadU(d, slopes_ + r * attention_tile + c));
      hn::StoreU(hn::Mul(slope, hn::Set(d, rules_.factor)), d, at);
    }
  }

  attention_rows const& a_;
  attention_gradients const& g_;
  attention_extents const& e_;
  score_rules const& rules_;
  int group_;
  float* p_;                                                          // Pᵀ (keys, queries), then dSᵀ
  float* dp_ = p_ + area;                                             // dPᵀ
  float* ds_ = dp_ + area;                                            // dS (queries, keys)
  float* slopes_ = ds_ + area;                                        // of scores
  float* shift_ = slopes_ + area;                                     // log-sum-exps of the queries
  float* inner_ = shift_ + attention_tile;                            // Σ out·dy of the queries
  float* q_across_ = inner_ + attention_tile;                         // queries packed as outputs
  float* q_down_ = q_across_ + attention_tile * padded(e_.head_dim);  // and as the depth
  float* k_down_ = q_down_ + attention_tile * padded(e_.head_dim);
  float* dy_across_ = k_down_ + attention_tile * padded(e_.head_dim);
  float* dy_down_ = dy_across_ + attention_tile * padded(e_.value_dim);
  float* room_ = dy_down_ + attention_tile * padded(e_.value_dim);  // biases by distance, and their gradients
  float* biases_ = nullptr;                                         // of distance 0
  float* slopes_by_distance_ = nullptr;                             // of distance 0
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

// Attention over whole sequences and its gradient, tile by tile (FlashAttention, arXiv:2307.08691): of the scores
// only a tile is ever in memory, and one log-sum-exp for each query is kept.
#if defined(CONSTFORMER_KERNELS_FLASH_ATTENTION_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_FLASH_ATTENTION_INL_HPP
#undef CONSTFORMER_KERNELS_FLASH_ATTENTION_INL_HPP
#else
#define CONSTFORMER_KERNELS_FLASH_ATTENTION_INL_HPP
#endif

#include <cmath>
#include <cstddef>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
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

/// Floats that attention wants for itself, each worker, for sequences of up to `longest` rows.
constexpr std::size_t attention_scratch(int value_dim, int longest, bool biased) {
  return static_cast<std::size_t>(attention_tile) *
             (4 * attention_tile + 2 * static_cast<std::size_t>(padded(value_dim)) + 4) +
         (biased ? 4 * (static_cast<std::size_t>(longest) + attention_tile) : 0) + product_scratch;
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
  for (int c = HWY_MAX(0, range.begin) / lanes * lanes; c < HWY_MIN(attention_tile, range.end); c += lanes) {
    auto const s = hn::Mul(hn::LoadU(d, row + c), hn::Set(d, factor));
    most = hn::Max(most, hn::IfThenElse(columns_within(c, range), s, most));
  }
  return hn::ReduceMax(d, most);
}

/// One row of scores of a tile becomes probabilities: exp(factor·s − shift) in the columns of `range`, else 0. `shift`
/// gives a vector of them by column.
template <class Shift>
HWY_INLINE void probabilities(float* row, key_range range, float factor, Shift const& shift) {
  float_tag const d;
  for (int c = 0; c < attention_tile; c += lanes) {
    if (c >= range.end || c + lanes <= range.begin) {
      hn::StoreU(hn::Zero(d), d, row + c);
      continue;
    }
    auto const s = hn::Min(hn::MulSub(hn::LoadU(d, row + c), hn::Set(d, factor), shift(c)), hn::Zero(d));
    auto const p = exp<true>(d, s);
    bool const whole = c >= range.begin && c + lanes <= range.end;
    hn::StoreU(whole ? p : hn::IfThenElseZero(columns_within(c, range), p), d, row + c);
  }
}

/// Attention of one head of one sequence.
HWY_NOINLINE inline void attend_head(attention_rows const& a, attention_extents const& e, score_rules const& rules,
                                     int head, float* scratch) {
  float_tag const d;
  int const dim = e.head_dim;
  int const width = e.value_dim;
  int const group = head / (e.heads / e.kv_heads);
  float* const scores = scratch;
  float* const sums = scores + attention_tile * attention_tile;
  float* const peaks = sums + attention_tile * padded(width);
  float* const totals = peaks + attention_tile;
  float* const packed = totals + attention_tile;
  float* const biases =
      rules.biased ? biases_by_distance<false>(rules, e.heads, head, a.first + a.queries, packed + product_scratch)
                   : nullptr;
  float const factor = rules.shapes() ? 1.0F : rules.factor;
  for (int query = 0; query < a.queries; query += attention_tile) {
    int const queries = HWY_MIN(attention_tile, a.queries - query);
    for (int r = 0; r < attention_tile; ++r) peaks[r] = -1e30F, totals[r] = 0.0F;
    for (int i = 0; i < queries * padded(width); ++i) sums[i] = 0.0F;
    float_rows const q{a.q + static_cast<std::size_t>(query) * a.q_stride + head * dim, a.q_stride, queries, dim};
    int const position = a.first + query;
    int const first = rules.visible(position).begin / attention_tile * attention_tile;
    int const end = rules.visible(position + queries - 1).end;
    for (int key = first; key < end; key += attention_tile) {
      int const keys = HWY_MIN(attention_tile, a.keys - key);
      float_rows const k{a.k + static_cast<std::size_t>(key) * a.k_stride + group * dim, a.k_stride, keys, dim};
      float_rows const v{a.v + static_cast<std::size_t>(key) * a.v_stride + group * width, a.v_stride, keys, width};
      any_product<second_is::outputs>(q, k, {scores, attention_tile, attention_tile, false, nullptr}, 0,
                                      attention_tile / panel_rows, packed);
      if (rules.shapes())
        shape_scores(rules, scores, queries, biases == nullptr ? nullptr : biases + key - position, nullptr);
      for (int r = 0; r < queries; ++r) {
        float* const row = scores + r * attention_tile;
        key_range const seen = rules.visible(position + r);
        key_range const columns{seen.begin - key, HWY_MIN(seen.end - key, keys)};
        float const before = peaks[r];
        peaks[r] = largest_score(row, columns, factor, before);
        auto const shift = hn::Set(d, peaks[r]);
        probabilities(row, columns, factor, [shift](int) HWY_ATTR { return shift; });
        float const fade = std::exp(before - peaks[r]);
        totals[r] = totals[r] * fade + sum_of(row, attention_tile, [](float_vec x) HWY_ATTR { return x; });
        if (fade == 1.0F) continue;
        float* const sum = sums + r * padded(width);
        for (int c = 0; c < padded(width); c += lanes)
          hn::StoreU(hn::Mul(hn::LoadU(d, sum + c), hn::Set(d, fade)), d, sum + c);
      }
      any_product<second_is::depth>({scores, attention_tile, queries, keys}, v,
                                    {sums, static_cast<std::size_t>(padded(width)), padded(width), true, nullptr}, 0,
                                    padded(width) / panel_rows, packed);
    }
    for (int r = 0; r < queries; ++r) {
      float* const out = a.out + static_cast<std::size_t>(query + r) * a.out_stride;
      float const* const row = sums + r * padded(width);
      bool const sees = totals[r] > 0.0F;  // a query that sees no key gives zeros
      auto const share = hn::Set(d, sees ? 1.0F / totals[r] : 0.0F);
      store_row(out + head * width, width,
                [&](int i, std::size_t) HWY_ATTR { return hn::Mul(hn::LoadU(d, row + i), share); });
      out[e.heads * width + head] = sees ? peaks[r] + std::log(totals[r]) : 1e30F;
    }
  }
}

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

/// The rows of a tile of one matrix: `rows` from `row` on, `columns` from `column` on.
HWY_INLINE float_rows tile_of(float const* base, std::size_t stride, int row, int column, int rows, int columns) {
  return {const_cast<float*>(base) + static_cast<std::size_t>(row) * stride + column, stride, rows, columns};
}

/// The gradient of one key and value head of one sequence and of the query heads that share it; dq, dk and dv of these
/// must be 0 before.
class attention_reversal {
 public:
  attention_reversal(attention_rows const& a, attention_gradients const& g, attention_extents const& e,
                     score_rules const& rules, int group, float* scratch)
      : a_(a), g_(g), e_(e), rules_(rules), group_(group), p_(scratch) {}

  HWY_NOINLINE void run() {
    int const shared = e_.heads / e_.kv_heads;
    for (int head = group_ * shared; head < (group_ + 1) * shared; ++head) {
      begin_biases(head);
      for (int key = 0; key < a_.keys; key += attention_tile) {
        int const keys = HWY_MIN(attention_tile, a_.keys - key);
        int const first = rules_.seeing(key, a_.queries).begin / attention_tile * attention_tile;
        int const end = rules_.seeing(key + keys - 1, a_.queries).end;
        for (int query = first; query < end; query += attention_tile) reverse_tile(head, key, keys, query);
      }
      end_biases(head);
    }
  }

 private:
  static constexpr int area = attention_tile * attention_tile;
  static constexpr int tile_panels = attention_tile / panel_rows;

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

  HWY_INLINE void reverse_tile(int head, int key, int keys, int query) {
    float_tag const d;
    int const dim = e_.head_dim, width = e_.value_dim;
    int const queries = HWY_MIN(attention_tile, a_.queries - query);
    float_rows const k = tile_of(a_.k, a_.k_stride, key, group_ * dim, keys, dim);
    float_rows const v = tile_of(a_.v, a_.v_stride, key, group_ * width, keys, width);
    float_rows const q = tile_of(a_.q, a_.q_stride, query, head * dim, queries, dim);
    float_rows const dy = tile_of(g_.dy, g_.dy_stride, query, head * width, queries, width);
    float_rows const dk = tile_of(g_.dk, g_.kv_stride, key, group_ * dim, keys, dim);
    float_rows const dv = tile_of(g_.dv, g_.kv_stride, key, group_ * width, keys, width);
    float_rows const dq = tile_of(g_.dq, g_.dq_stride, query, head * dim, queries, dim);
    recall_sums(head, query, queries, dy);
    product<second_is::outputs>(k, q, {p_, attention_tile, attention_tile, false, nullptr}, 0, tile_panels, packed_);
    if (rules_.shapes()) shape_scores(rules_, p_, keys, rules_.biased ? biases_ + query - key : nullptr, slopes_);
    float const factor = rules_.shapes() ? 1.0F : rules_.factor;
    for (int r = 0; r < keys; ++r) {
      key_range const seeing = rules_.seeing(key + r, a_.queries);
      probabilities(p_ + r * attention_tile, {seeing.begin - query, HWY_MIN(seeing.end - query, queries)}, factor,
                    [&](int c) HWY_ATTR { return hn::LoadU(d, shift_ + c); });
    }
    product<second_is::depth>({p_, attention_tile, keys, queries}, dy, {dv.data, dv.stride, width, true, nullptr}, 0,
                              padded(width) / panel_rows, packed_);
    product<second_is::outputs>(v, dy, {dp_, attention_tile, attention_tile, false, nullptr}, 0, tile_panels, packed_);
    for (int r = 0; r < keys; ++r) slope_row(r, query - key - r);
    int const dim_panels = padded(dim) / panel_rows;
    product<second_is::depth>({p_, attention_tile, keys, queries}, q, {dk.data, dk.stride, dim, true, nullptr}, 0,
                              dim_panels, packed_);
    transpose({p_, attention_tile, keys, queries}, 0, queries, {ds_, attention_tile, queries, keys});
    product<second_is::depth>({ds_, attention_tile, queries, keys}, k, {dq.data, dq.stride, dim, true, nullptr}, 0,
                              dim_panels, packed_);
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

  // dS = P·(dP − Σ out·dy) of one key, times how much the score changes with the product; `distance` is that of
  // column 0.
  HWY_INLINE void slope_row(int r, int distance) {
    float_tag const d;
    for (int c = 0; c < attention_tile; c += lanes) {
      float* const at = p_ + r * attention_tile + c;
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
  float* p_;                                 // Pᵀ (keys, queries), then dSᵀ
  float* dp_ = p_ + area;                    // dPᵀ
  float* ds_ = dp_ + area;                   // dS (queries, keys)
  float* slopes_ = ds_ + area;               // of scores
  float* shift_ = slopes_ + area;            // log-sum-exps of the queries
  float* inner_ = shift_ + attention_tile;   // Σ out·dy of the queries
  float* packed_ = inner_ + attention_tile;  // of products
  float* room_ = packed_ + product_scratch;  // biases by distance, and their gradients
  float* biases_ = nullptr;                  // of distance 0
  float* slopes_by_distance_ = nullptr;      // of distance 0
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

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

#include "constformer/kernels/gradients-inl.hpp"
#include "constformer/kernels/math-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Queries and keys of a tile.
inline constexpr int attention_tile = 64;

/// What attention of one model is like.
struct attention_extents {
  int heads;      ///< of queries
  int kv_heads;   ///< divides heads
  int head_dim;   ///< of queries and keys
  int value_dim;  ///< of values
  int window;     ///< a query sees so many keys, its own included; 0: all before it
};

/// Queries, keys and values of one sequence, and what is made of them; row strides in floats, heads beside each other.
struct attention_rows {
  float* q;                ///< (length, heads, head_dim)
  float* k;                ///< (length, kv_heads, head_dim)
  float* v;                ///< (length, kv_heads, value_dim)
  float* out;              ///< (length, heads, value_dim), behind it (heads): log-sum-exps
  std::size_t q_stride;    ///< of q
  std::size_t k_stride;    ///< of k
  std::size_t v_stride;    ///< of v
  std::size_t out_stride;  ///< of out
  int length;              ///< tokens of the sequence
};

/// Floats that attention wants for itself, each worker.
constexpr std::size_t attention_scratch(int value_dim) {
  return static_cast<std::size_t>(attention_tile) *
             (3 * attention_tile + 2 * static_cast<std::size_t>(padded(value_dim)) + 4) +
         product_scratch;
}

/// First key that query `row` sees.
HWY_INLINE int first_key(int window, int row) { return window > 0 ? HWY_MAX(0, row + 1 - window) : 0; }

/// Scores of a tile become probabilities: exp(factor·s − shift[row]) where key ≤ query and within the window, else 0.
/// Rows are queries from `query` on, columns keys from `key` on; with `Transposed`, the other way round.
template <bool Transposed>
HWY_INLINE void probabilities(float* tile, int queries, int keys, int query, int key, int window, float factor,
                              float const* shift) {
  float_tag const d;
  int_tag const di;
  int const rows = Transposed ? keys : queries;
  int const columns = Transposed ? queries : keys;
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < attention_tile; c += lanes) {
      float* const at = tile + r * attention_tile + c;
      auto const index = hn::Add(hn::Iota(di, 0), hn::Set(di, c));
      // distance = query − key: seen if 0 ≤ distance, and < window if there is one
      auto const distance =
          Transposed ? hn::Add(index, hn::Set(di, query - key - r)) : hn::Sub(hn::Set(di, query + r - key), index);
      auto seen = hn::And(hn::Ge(distance, hn::Zero(di)), hn::Lt(index, hn::Set(di, columns)));
      if (window > 0) seen = hn::And(seen, hn::Lt(distance, hn::Set(di, window)));
      auto const by = Transposed ? hn::LoadU(d, shift + c) : hn::Set(d, shift[r]);
      auto const s = hn::Min(hn::MulSub(hn::LoadU(d, at), hn::Set(d, factor), by), hn::Zero(d));
      hn::StoreU(hn::IfThenElseZero(hn::RebindMask(d, seen), exp<true>(d, s)), d, at);
    }
}

/// Largest score, times factor, of each query of a tile that it sees.
HWY_INLINE void largest_scores(float const* tile, int queries, int keys, int query, int key, int window, float factor,
                               float* largest) {
  for (int r = 0; r < queries; ++r)
    for (int c = HWY_MAX(0, first_key(window, query + r) - key); c < HWY_MIN(keys, query + r - key + 1); ++c)
      largest[r] = HWY_MAX(largest[r], factor * tile[r * attention_tile + c]);
}

/// Attention of one head of one sequence.
HWY_NOINLINE inline void attend_head(attention_rows const& a, attention_extents const& e, int head, float* scratch) {
  float_tag const d;
  int const dim = e.head_dim;
  int const width = e.value_dim;
  int const group = head / (e.heads / e.kv_heads);
  float const factor = 1.0F / std::sqrt(static_cast<float>(dim));
  float* const scores = scratch;
  float* const sums = scores + attention_tile * attention_tile;
  float* const peaks = sums + attention_tile * padded(width);
  float* const totals = peaks + attention_tile;
  float* const before = totals + attention_tile;
  float* const packed = before + attention_tile;
  for (int query = 0; query < a.length; query += attention_tile) {
    int const queries = HWY_MIN(attention_tile, a.length - query);
    for (int r = 0; r < attention_tile; ++r) peaks[r] = -1e30F, totals[r] = 0.0F;
    for (int i = 0; i < queries * padded(width); ++i) sums[i] = 0.0F;
    float_rows const q{a.q + static_cast<std::size_t>(query) * a.q_stride + head * dim, a.q_stride, queries, dim};
    int const first = first_key(e.window, query) / attention_tile * attention_tile;
    for (int key = first; key < query + queries; key += attention_tile) {
      int const keys = HWY_MIN(attention_tile, a.length - key);
      float_rows const k{a.k + static_cast<std::size_t>(key) * a.k_stride + group * dim, a.k_stride, keys, dim};
      float_rows const v{a.v + static_cast<std::size_t>(key) * a.v_stride + group * width, a.v_stride, keys, width};
      product<second_is::outputs>(q, k, {scores, attention_tile, attention_tile, false, nullptr}, 0,
                                  attention_tile / panel_rows, packed);
      for (int r = 0; r < queries; ++r) before[r] = peaks[r];
      largest_scores(scores, queries, keys, query, key, e.window, factor, peaks);
      probabilities<false>(scores, queries, keys, query, key, e.window, factor, peaks);
      for (int r = 0; r < queries; ++r) {
        float const fade = std::exp(before[r] - peaks[r]);
        totals[r] = totals[r] * fade +
                    sum_of(scores + r * attention_tile, attention_tile, [](float_vec x) HWY_ATTR { return x; });
        float* const row = sums + r * padded(width);
        for (int c = 0; c < padded(width); c += lanes)
          hn::StoreU(hn::Mul(hn::LoadU(d, row + c), hn::Set(d, fade)), d, row + c);
      }
      product<second_is::depth>({scores, attention_tile, queries, keys}, v,
                                {sums, static_cast<std::size_t>(padded(width)), padded(width), true, nullptr}, 0,
                                padded(width) / panel_rows, packed);
    }
    for (int r = 0; r < queries; ++r) {
      float* const out = a.out + static_cast<std::size_t>(query + r) * a.out_stride;
      float const* const row = sums + r * padded(width);
      auto const share = hn::Set(d, 1.0F / totals[r]);
      store_row(out + head * width, width,
                [&](int i, std::size_t) HWY_ATTR { return hn::Mul(hn::LoadU(d, row + i), share); });
      out[e.heads * width + head] = peaks[r] + std::log(totals[r]);
    }
  }
}

/// Gradients beside `attention_rows`: of what the heads gave, and of what they took, in columns dq | dk | dv.
struct attention_gradients {
  float const* dy;        ///< (length, heads, value_dim)
  std::size_t dy_stride;  ///< floats from row to row
  float* dq;              ///< (length, heads, head_dim)
  float* dk;              ///< (length, kv_heads, head_dim)
  float* dv;              ///< (length, kv_heads, value_dim)
  std::size_t stride;     ///< of dq, dk and dv
};

/// The gradient of one key and value head of one sequence and of the query heads that share it; dq, dk and dv of these
/// must be 0 before.
HWY_NOINLINE inline void attend_gradient(attention_rows const& a, attention_gradients const& g,
                                         attention_extents const& e, int group, float* scratch) {
  float_tag const d;
  int const dim = e.head_dim;
  int const width = e.value_dim;
  int const shared = e.heads / e.kv_heads;
  float const factor = 1.0F / std::sqrt(static_cast<float>(dim));
  constexpr int area = attention_tile * attention_tile;
  float* const p = scratch;                     // Pᵀ (keys, queries), then dSᵀ
  float* const dp = p + area;                   // dPᵀ
  float* const ds = dp + area;                  // dS (queries, keys)
  float* const shift = ds + area;               // log-sum-exps of the queries
  float* const inner = shift + attention_tile;  // Σ out·dy of the queries
  float* const packed = inner + attention_tile;
  auto const rows_at = [](float const* base, std::size_t stride, int row, int column, int rows, int columns) {
    return float_rows{const_cast<float*>(base) + static_cast<std::size_t>(row) * stride + column, stride, rows,
                      columns};
  };
  constexpr int tile_panels = attention_tile / panel_rows;
  int const dim_panels = padded(dim) / panel_rows;
  for (int head = group * shared; head < (group + 1) * shared; ++head)
    for (int key = 0; key < a.length; key += attention_tile) {
      int const keys = HWY_MIN(attention_tile, a.length - key);
      float_rows const k = rows_at(a.k, a.k_stride, key, group * dim, keys, dim);
      float_rows const v = rows_at(a.v, a.v_stride, key, group * width, keys, width);
      float_rows const dk = rows_at(g.dk, g.stride, key, group * dim, keys, dim);
      float_rows const dv = rows_at(g.dv, g.stride, key, group * width, keys, width);
      int const last = e.window > 0 ? HWY_MIN(a.length, key + keys - 1 + e.window) : a.length;
      for (int query = key; query < last; query += attention_tile) {
        int const queries = HWY_MIN(attention_tile, a.length - query);
        float_rows const q = rows_at(a.q, a.q_stride, query, head * dim, queries, dim);
        float_rows const dy = rows_at(g.dy, g.dy_stride, query, head * width, queries, width);
        float_rows const dq = rows_at(g.dq, g.stride, query, head * dim, queries, dim);
        for (int r = 0; r < queries; ++r) {
          float const* const out = a.out + static_cast<std::size_t>(query + r) * a.out_stride;
          shift[r] = out[e.heads * width + head];
          inner[r] = sum_of_pairs(out + head * width, dy.data + static_cast<std::size_t>(r) * dy.stride, width,
                                  [](float_vec x, float_vec y) HWY_ATTR { return hn::Mul(x, y); });
        }
        for (int r = queries; r < attention_tile; ++r) shift[r] = inner[r] = 0.0F;
        product<second_is::outputs>(k, q, {p, attention_tile, attention_tile, false, nullptr}, 0, tile_panels, packed);
        probabilities<true>(p, queries, keys, query, key, e.window, factor, shift);
        product<second_is::depth>({p, attention_tile, keys, queries}, dy, {dv.data, dv.stride, width, true, nullptr}, 0,
                                  padded(width) / panel_rows, packed);
        product<second_is::outputs>(v, dy, {dp, attention_tile, attention_tile, false, nullptr}, 0, tile_panels,
                                    packed);
        for (int r = 0; r < keys; ++r)
          for (int c = 0; c < attention_tile; c += lanes) {
            float* const at = p + r * attention_tile + c;
            auto const slope = hn::Sub(hn::LoadU(d, dp + r * attention_tile + c), hn::LoadU(d, inner + c));
            hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, at), slope), hn::Set(d, factor)), d, at);
          }
        product<second_is::depth>({p, attention_tile, keys, queries}, q, {dk.data, dk.stride, dim, true, nullptr}, 0,
                                  dim_panels, packed);
        transpose({p, attention_tile, keys, queries}, 0, queries, {ds, attention_tile, queries, keys});
        product<second_is::depth>({ds, attention_tile, queries, keys}, k, {dq.data, dq.stride, dim, true, nullptr}, 0,
                                  dim_panels, packed);
      }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

// Rows dealt out to experts: each expert's matrix is multiplied by the rows that chose it.
#if defined(CONSTFORMER_KERNELS_EXPERTS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_KERNELS_EXPERTS_INL_HPP
#undef CONSTFORMER_KERNELS_EXPERTS_INL_HPP
#else
#define CONSTFORMER_KERNELS_EXPERTS_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/kernels/gradients-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/simd-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Which slot (row, choice) goes to which expert. A slot's place is found by counting, so that slots of an expert stand
/// in the order of rows whatever the workers.
struct expert_choices {
  float const* places;  ///< (rows, k): experts as numbers
  std::size_t stride;   ///< floats from row to row
  int rows;             ///< of the batch
  int each;             ///< k: experts of a row
  int experts;          ///< of all

  /// The expert of a slot.
  [[nodiscard]] HWY_INLINE int expert(int slot) const {
    return static_cast<int>(
        places[static_cast<std::size_t>(slot / each) * stride + static_cast<std::size_t>(slot % each)]);
  }
  /// Slots of all rows.
  [[nodiscard]] HWY_INLINE int slots() const { return rows * each; }
};

/// Floats that experts want of all workers together: rows in the order of experts, in and out, twice turned, and
/// places.
constexpr std::size_t expert_scratch(int slots, int experts, int in, int out) {
  auto const all = static_cast<std::size_t>(padded(slots));
  return all * static_cast<std::size_t>(padded(in) + 2 * padded(out)) +
         2 * static_cast<std::size_t>(padded(experts + 1)) + 2 * all +
         static_cast<std::size_t>(padded(out)) * panel_rows;
}

/// Slots sorted by expert: `first[e]` is the place of expert e's first, `place[slot]` that of a slot. Every worker
/// makes the same of it, in memory of all; call it by one of them, with a barrier after.
struct sorted_slots {
  int* first;  ///< (experts + 1)
  int* place;  ///< (slots)

  /// Counts and places them.
  void sort(expert_choices const& c) const {
    for (int e = 0; e <= c.experts; ++e) first[e] = 0;
    for (int s = 0; s < c.slots(); ++s) ++first[c.expert(s) + 1];
    for (int e = 0; e < c.experts; ++e) first[e + 1] += first[e];
    for (int s = 0; s < c.slots(); ++s) place[s] = first[c.expert(s)]++;
    for (int e = c.experts; e > 0; --e) first[e] = first[e - 1];
    first[0] = 0;
  }
};

/// Rows of slots: those of a value (rows, k, width), or (rows, width) that all choices of a row share.
struct slot_rows {
  float* data;         ///< of row 0
  std::size_t stride;  ///< floats from row to row
  int width;           ///< values of a slot
  bool shared;         ///< all choices of a row have one
  /// Those of a slot.
  [[nodiscard]] HWY_INLINE float* of(int slot, int each) const {
    return data + static_cast<std::size_t>(slot / each) * stride +
           (shared ? 0 : static_cast<std::size_t>(slot % each) * static_cast<std::size_t>(width));
  }
};

/// Memory of all workers, cut up for one node.
struct expert_memory {
  float* in;               ///< rows of what is multiplied, by expert
  float* out;              ///< rows of results
  float* turned;           ///< a matrix on its side
  sorted_slots slots;      ///< where they stand
  std::size_t in_stride;   ///< of `in`
  std::size_t out_stride;  ///< of `out`

  /// For `slots` rows of `in` and `out` values.
  static expert_memory cut(float* shared, int slots, int experts, int in, int out) {
    expert_memory m{};
    auto const all = static_cast<std::size_t>(padded(slots));
    m.in_stride = static_cast<std::size_t>(padded(in));
    m.out_stride = static_cast<std::size_t>(padded(out));
    m.in = shared;
    m.out = m.in + all * m.in_stride;
    m.turned = m.out + all * m.out_stride;
    m.slots.first = reinterpret_cast<int*>(m.turned + (all + panel_rows) * m.out_stride);
    m.slots.place = m.slots.first + 2 * padded(experts + 1);
    return m;
  }
};

/// Copies the rows of all slots to where their experts have them.
HWY_INLINE void deal_out(worker const& self, expert_choices const& c, slot_rows const& from, sorted_slots const& slots,
                         float* to, std::size_t stride) {
  work_range const mine = self.share(c.slots());
  for (int s = mine.begin; s < mine.end; ++s) {
    float const* const row = from.of(s, c.each);
    store_row(to + static_cast<std::size_t>(slots.place[s]) * stride, from.width,
              [&](int i, std::size_t n) HWY_ATTR { return hn::LoadN(float_tag(), row + i, n); });
  }
}

/// y = x·W[e]ᵀ for the expert e of each slot, or with `Way` depth x·W[e]. W (experts, outs, ins). A row whose choices
/// share it gets the sum of theirs.
template <second_is Way, class Factor>
HWY_NOINLINE void expert_products(worker const& self, expert_choices const& c, slot_rows const& x, float_rows const& w,
                                  slot_rows const& y, float* shared, float* own) {
  expert_memory const m = expert_memory::cut(shared, c.slots(), c.experts, x.width, y.width);
  if (self.index == 0) m.slots.sort(c);
  self.sync();
  deal_out(self, c, x, m.slots, m.in, m.in_stride);
  self.sync();
  int const outs = w.rows / c.experts;
  for (int e = 0; e < c.experts; ++e) {
    int const first = m.slots.first[e], count = m.slots.first[e + 1] - first;
    if (count == 0) continue;
    float_rows const in{m.in + static_cast<std::size_t>(first) * m.in_stride, m.in_stride, count, x.width};
    float_rows const matrix{w.data + static_cast<std::size_t>(e * outs) * w.stride, w.stride, outs, w.columns};
    share_product<Way, Factor>(
        self, in, matrix,
        {m.out + static_cast<std::size_t>(first) * m.out_stride, m.out_stride, y.width, false, nullptr}, y.width, own);
  }
  self.sync();
  work_range const mine = self.share(c.rows);
  for (int s = mine.begin * c.each; s < mine.end * c.each; ++s) {
    float const* const from = m.out + static_cast<std::size_t>(m.slots.place[s]) * m.out_stride;
    float* const to = y.of(s, c.each);
    bool const adds = y.shared && s % c.each != 0;
    store_row(to, y.width, [&](int i, std::size_t n) HWY_ATTR {
      float_tag const d;
      auto const v = hn::LoadN(d, from + i, n);
      return adds ? hn::Add(v, hn::LoadN(d, to + i, n)) : v;
    });
  }
}

/// dW[e] = Σ over the slots of expert e of dyᵀ·x, (experts, outs, ins), added to what is there if `adds`.
template <class Factor>
HWY_NOINLINE void expert_weight_gradients(worker const& self, expert_choices const& c, slot_rows const& dy,
                                          slot_rows const& x, float* dw, bool adds, float* shared, float* own) {
  expert_memory const m = expert_memory::cut(shared, c.slots(), c.experts, x.width, dy.width);
  if (self.index == 0) m.slots.sort(c);
  self.sync();
  deal_out(self, c, x, m.slots, m.in, m.in_stride);
  deal_out(self, c, dy, m.slots, m.out, m.out_stride);
  self.sync();
  auto const all = static_cast<std::size_t>(padded(c.slots()));
  work_range const columns = self.share(dy.width, panel_rows);
  transpose({m.out, m.out_stride, c.slots(), dy.width}, columns.begin, columns.end,
            {m.turned, all, dy.width, c.slots()});
  self.sync();
  auto const matrix = static_cast<std::size_t>(dy.width) * static_cast<std::size_t>(x.width);
  for (int e = 0; e < c.experts; ++e) {
    int const first = m.slots.first[e], count = m.slots.first[e + 1] - first;
    float* const out = dw + static_cast<std::size_t>(e) * matrix;
    if (count == 0) {
      work_range const mine = self.share(static_cast<int>(matrix));
      for (int i = mine.begin; !adds && i < mine.end; ++i) out[i] = 0.0F;
      continue;
    }
    share_product<second_is::depth, Factor>(
        self, {m.turned + first, all, dy.width, count},
        {m.in + static_cast<std::size_t>(first) * m.in_stride, m.in_stride, count, x.width},
        {out, static_cast<std::size_t>(x.width), x.width, adds, nullptr}, x.width, own);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

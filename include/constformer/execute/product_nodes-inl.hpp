// Products of matrices, their gradients, sums over rows, and the loss.
#if defined(CONSTFORMER_EXECUTE_PRODUCT_NODES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_PRODUCT_NODES_INL_HPP
#undef CONSTFORMER_EXECUTE_PRODUCT_NODES_INL_HPP
#else
#define CONSTFORMER_EXECUTE_PRODUCT_NODES_INL_HPP
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/execute/pass_frame.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/graph/loops.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/cross_entropy-inl.hpp"
#include "constformer/kernels/experts-inl.hpp"
#include "constformer/kernels/few_rows-inl.hpp"
#include "constformer/kernels/gradients-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// a·Wᵀ + b
template <>
struct operation<node_kind::linear> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    product_end const end{S::data(f), S::stride, S::columns, false, S::template offset<2>(f)};
    share_any_product<second_is::outputs, typename S::factor>(self, S::first::all(f), S::second::matrix(f), end,
                                                              S::columns, f.own, f.apart);
  }
};

/// dy·W
template <>
struct operation<node_kind::linear_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    product_end const end{S::data(f), S::stride, S::columns, false, nullptr};
    share_any_product<second_is::depth, typename S::factor>(self, S::first::all(f), S::second::matrix(f), end,
                                                            S::columns, f.own, f.apart);
  }
};

/// dW (outputs, inputs) = dyᵀ·a
template <>
struct operation<node_kind::weight_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_rows const dy = S::first::all(f);
    auto const stride_of = static_cast<std::size_t>(transposed_stride(dy.rows));
    float_rows const turned{f.shared, stride_of, dy.columns, dy.rows};
    work_range const mine = self.share(dy.columns, panel_rows);
    transpose(dy, mine.begin, mine.end, turned);
    self.sync();
    product_end const end{S::data(f), S::stride, S::inner, S::place.adds || f.adds, nullptr};
    share_product<second_is::depth, typename S::factor>(self, turned, S::second::all(f), end, S::inner, f.own);
  }
};

/// Σ rows, of pieces of `inner` values, in the order of rows; a worker has whole vectors of columns.
template <>
struct operation<node_kind::row_sum> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    work_range const mine = self.share(S::inner, lanes);
    float* const out = S::data(f);
    for (int i = mine.begin; i < mine.end; i += lanes) {
      auto const count = static_cast<std::size_t>(HWY_MIN(lanes, mine.end - i));
      auto sum = S::place.adds || f.adds ? hn::LoadN(d, out + i, count) : hn::Zero(d);
      for (int r = 0; r < S::first::rows(f); ++r)
        for (int c = 0; c < S::first::columns; c += S::inner) {
          auto const at = static_cast<std::size_t>(c + i);
          auto x = hn::LoadN(d, S::first::at(f, static_cast<std::size_t>(r)) + at, count);
          if constexpr (S::n.inputs[1] >= 0)
            x = hn::Mul(x, hn::LoadN(d, S::second::at(f, static_cast<std::size_t>(r)) + at, count));
          sum = hn::Add(sum, x);
        }
      hn::StoreN(sum, d, out + i, count);
    }
  }
};

/// Σ a·b over all rows: sums of rows are made by all, and added up in order by one.
template <class S>
HWY_INLINE float total_of_products(worker const& self, pass_frame const& f) {
  S::first::for_rows(self, f, [&](std::size_t r, float*) HWY_ATTR {
    f.shared[r] = sum_of_pairs(S::first::at(f, r), S::second::at(f, r), S::first::columns,
                               [](float_vec x, float_vec y) HWY_ATTR { return hn::Mul(x, y); });
  });
  self.sync();
  float total = 0.0F;
  for (int r = 0; self.index == 0 && r < S::first::rows(f); ++r) total += f.shared[r];
  return total;
}

/// Σ a·b over all values.
template <>
struct operation<node_kind::gain_total> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float const total = total_of_products<S>(self, f);
    if (self.index == 0) *S::data(f) = total;
  }
};

/// The same, added to one value of a vector.
template <>
struct operation<node_kind::gain_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float const total = total_of_products<S>(self, f);
    if (self.index == 0) S::data(f)[S::n.factor < 0.0F ? f.layer : static_cast<int>(S::n.factor)] += total;
  }
};

/// Rows by expert: those of a value with an axis of choices, or one for all of a row's.
template <int Rank, class S>
slot_rows slots(pass_frame const& f) {
  return {S::data(f), S::stride, S::inner, S::n.shape.rank < Rank};
}
/// The third input says which experts; how many there are, the rows of the matrix.
template <class S>
expert_choices choices(pass_frame const& f) {
  using places = typename S::third;
  constexpr int outs = S::n.kind == node_kind::expert_linear ? S::inner : S::first::inner;
  constexpr int all =
      S::n.kind == node_kind::expert_weight_gradient ? S::n.shape.axes[0].extent : S::second::n.shape.axes[0].extent;
  return {places::data(f), places::stride, places::rows(f), places::inner, all / outs};
}

/// a·Wᵀ by the experts that a row has chosen (arXiv:1701.06538).
template <>
struct operation<node_kind::expert_linear> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    expert_products<second_is::outputs, typename S::factor>(self, choices<S>(f), slots<2, typename S::first>(f),
                                                            S::second::matrix(f), slots<2, S>(f), f.shared, f.own);
  }
};

/// dy·W by these experts.
template <>
struct operation<node_kind::expert_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    expert_products<second_is::depth, typename S::factor>(self, choices<S>(f), slots<2, typename S::first>(f),
                                                          S::second::matrix(f), slots<2, S>(f), f.shared, f.own);
  }
};

/// dW of every expert, from the rows that have chosen it.
template <>
struct operation<node_kind::expert_weight_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    expert_weight_gradients<typename S::factor>(self, choices<S>(f), slots<2, typename S::first>(f),
                                                slots<2, typename S::second>(f), S::data(f), S::place.adds || f.adds,
                                                f.shared, f.own);
  }
};

/// The mean loss of targets, and its gradients, in parts of the batch: logits are never all in memory.
template <>
struct operation<node_kind::cross_entropy> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame& f) {
    std::int32_t const* const ids = S::template input<3>::ids(f);
    int targets = 0;
    for (int r = 0; r < S::first::rows(f); ++r) targets += ids[r] >= 0 ? 1 : 0;
    using weight = typename S::second;
    constexpr bool gradients = (S::n.index & loss_gradient::input) != 0;
    loss_head h{S::first::all(f),
                weight::matrix(f),
                S::template offset<2>(f),
                ids,
                {},
                nullptr,
                nullptr,
                S::place.adds || f.adds,
                targets == 0 ? 0.0F : f.weight / static_cast<float>(targets),
                S::n.factor,
                S::program::graph.learns.smoothing};
    if (gradients && f.gradients != nullptr) {
      h.dx = S::all(f);
      if constexpr ((S::n.index & loss_gradient::weight) != 0) h.dweight = f.gradients + weight::place.offset;
      if constexpr ((S::n.index & loss_gradient::bias) != 0) h.dbias = f.gradients + S::third::place.offset;
    }
    f.loss += cross_entropy<typename S::factor>(self, h, f.shared, f.own);
  }
};

/// Losses are summed as they are made.
template <>
struct operation<node_kind::add_losses> {
  template <class S>
  static HWY_INLINE void run(worker const&, pass_frame const&) {}
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

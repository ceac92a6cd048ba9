// Nodes that move, choose and sum values along the axes of a row.
#if defined(CONSTFORMER_EXECUTE_AXIS_NODES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_AXIS_NODES_INL_HPP
#undef CONSTFORMER_EXECUTE_AXIS_NODES_INL_HPP
#else
#define CONSTFORMER_EXECUTE_AXIS_NODES_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/execute/pass_frame.hpp"
#include "constformer/execute/pointwise_nodes-inl.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/experts-inl.hpp"
#include "constformer/kernels/few_rows-inl.hpp"
#include "constformer/kernels/gradients-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// Pieces of a and of b side by side.
template <>
struct operation<node_kind::concatenate> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    constexpr int one = S::first::inner, two = S::second::inner;
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      for (int p = 0; p < S::columns / S::inner; ++p) {
        copy_floats(S::first::at(f, r) + p * one, one, out + p * S::inner);
        copy_floats(S::second::at(f, r) + p * two, two, out + p * S::inner + one);
      }
    });
  }
};

/// The values of each piece from `index` on.
template <>
struct operation<node_kind::pick> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      for (int p = 0; p < S::columns / S::inner; ++p)
        copy_floats(S::first::at(f, r) + p * S::first::inner + S::n.index, S::inner, out + p * S::inner);
    });
  }
};

/// The reverse: a among zeros.
template <>
struct operation<node_kind::place> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      float const* const from = S::first::at(f, r);
      for (int i = 0; i < S::columns; ++i)
        out[i] = i >= S::n.index && i < S::n.index + S::first::columns ? from[i - S::n.index] : 0.0F;
    });
  }
};

/// The two axes of a row, transposed.
template <>
struct operation<node_kind::swap> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      for (int p = 0; p < S::columns / S::inner; ++p)
        for (int i = 0; i < S::inner; ++i) out[p * S::inner + i] = S::first::at(f, r)[i * S::first::inner + p];
    });
  }
};

/// The row, once for each piece.
template <>
struct operation<node_kind::spread> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      for (int c = 0; c < S::columns; c += S::inner) copy_floats(S::first::at(f, r), S::inner, out + c);
    });
  }
};

/// The sum of the pieces.
template <>
struct operation<node_kind::fold> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      store_row(out, S::columns, [&](int i, std::size_t count) HWY_ATTR {
        auto total = hn::LoadN(d, S::first::at(f, r) + i, count);
        for (int c = S::columns; c < S::first::columns; c += S::columns)
          total = hn::Add(total, hn::LoadN(d, S::first::at(f, r) + c + i, count));
        return total;
      });
    });
  }
};

/// Each value as often as a piece has values.
template <>
struct operation<node_kind::stretch> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      for (int c = 0; c < S::columns; ++c) out[c] = S::first::at(f, r)[c / S::inner];
    });
  }
};

/// Σ a·b of each piece, or Σ a.
template <>
struct operation<node_kind::inner_sum> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      constexpr int length = S::first::inner;
      for (int p = 0; p < S::columns; ++p) {
        float const* const a = S::first::at(f, r) + p * length;
        if constexpr (S::n.inputs[1] >= 0)
          out[p] = sum_of_pairs(a, S::second::at(f, r) + p * length, length,
                                [](float_vec x, float_vec y) HWY_ATTR { return hn::Mul(x, y); });
        else
          out[p] = sum_of(a, length, [](float_vec x) HWY_ATTR { return x; });
      }
    });
  }
};

/// Of each piece.
template <>
struct operation<node_kind::softmax> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      for (int c = 0; c < S::columns; c += S::inner) softmax_row(S::first::at(f, r) + c, out + c, S::inner);
    });
  }
};

/// dx of each piece, from y and dy.
template <>
struct operation<node_kind::softmax_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      for (int c = 0; c < S::columns; c += S::inner)
        softmax_gradient_row(S::first::at(f, r) + c, S::second::at(f, r) + c, out + c, S::inner);
    });
  }
};

/// The largest `index` values of each piece; the others become `dropped_score`.
template <>
struct operation<node_kind::keep_top> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      for (int c = 0; c < S::columns; c += S::inner)
        keep_top_row(S::first::at(f, r) + c, out + c, S::inner, S::n.index);
    });
  }
};

/// dy where a value was kept.
template <>
struct operation<node_kind::keep_top_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    pointwise2<S>(self, f, [d](float_vec y, float_vec dy) HWY_ATTR {
      return hn::IfThenElseZero(hn::Gt(y, hn::Set(d, 0.5F * dropped_score)), dy);
    });
  }
};

/// Places of the largest values of each piece, the largest first.
template <>
struct operation<node_kind::top_indices> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      for (int p = 0; p < S::columns / S::inner; ++p)
        top_indices_row(S::first::at(f, r) + p * S::first::inner, S::first::inner, out + p * S::inner, S::inner);
    });
  }
};

/// The values of each piece at given places.
template <>
struct operation<node_kind::take> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      for (int c = 0; c < S::columns; ++c)
        out[c] = S::first::at(f, r)[c / S::inner * S::first::inner + static_cast<int>(S::second::at(f, r)[c])];
    });
  }
};

/// dy, added at these places.
template <>
struct operation<node_kind::take_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    constexpr int each = S::second::inner;
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      zero_floats(S::columns, out);
      for (int c = 0; c < S::first::columns; ++c)
        out[c / each * S::inner + static_cast<int>(S::second::at(f, r)[c])] += S::first::at(f, r)[c];
    });
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

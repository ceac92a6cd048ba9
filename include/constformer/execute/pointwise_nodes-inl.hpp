// Nodes whose values come from values of the same place.
#if defined(CONSTFORMER_EXECUTE_POINTWISE_NODES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_POINTWISE_NODES_INL_HPP
#undef CONSTFORMER_EXECUTE_POINTWISE_NODES_INL_HPP
#else
#define CONSTFORMER_EXECUTE_POINTWISE_NODES_INL_HPP
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/config/kinds.hpp"
#include "constformer/execute/pass_frame.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/activation-inl.hpp"
#include "constformer/kernels/coins.hpp"
#include "constformer/kernels/cross_entropy-inl.hpp"
#include "constformer/kernels/gradients-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// map(a) of every value of the first input.
template <class S, class Map>
HWY_INLINE void pointwise1(worker const& self, pass_frame const& f, Map const& map) {
  float_tag const d;
  S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
    float const* const a = S::first::at(f, r);
    store_row(out, S::columns, [&](int i, std::size_t count) HWY_ATTR { return map(hn::LoadN(d, a + i, count)); });
  });
}

/// map(a, b) of the values of two inputs.
template <class S, class Map>
HWY_INLINE void pointwise2(worker const& self, pass_frame const& f, Map const& map) {
  float_tag const d;
  S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
    float const* const a = S::first::at(f, r);
    float const* const b = S::second::at(f, r);
    store_row(out, S::columns, [&](int i, std::size_t count) HWY_ATTR {
      return map(hn::LoadN(d, a + i, count), hn::LoadN(d, b + i, count));
    });
  });
}

/// 0.
template <>
struct operation<node_kind::zeros> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    S::for_rows(self, f, [&](std::size_t, float* out) HWY_ATTR {
      store_row(out, S::columns, [&](int, std::size_t) HWY_ATTR { return hn::Zero(d); });
    });
  }
};

/// a + b
template <>
struct operation<node_kind::add> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    pointwise2<S>(self, f, [](float_vec a, float_vec b) HWY_ATTR { return hn::Add(a, b); });
  }
};

/// a − b
template <>
struct operation<node_kind::subtract> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    pointwise2<S>(self, f, [](float_vec a, float_vec b) HWY_ATTR { return hn::Sub(a, b); });
  }
};

/// The second has the shape of the first, or a factor for each of its pieces.
template <>
struct operation<node_kind::multiply> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    if constexpr (!S::by_piece) {
      pointwise2<S>(self, f, [](float_vec a, float_vec b) HWY_ATTR { return hn::Mul(a, b); });
    } else {
      S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
        float const* const a = S::first::at(f, r);
        for (int p = 0; p < S::columns / S::inner; ++p) {
          auto const by = hn::Set(d, S::second::at(f, r)[p]);
          store_row(out + p * S::inner, S::inner, [&](int i, std::size_t count) HWY_ATTR {
            return hn::Mul(hn::LoadN(d, a + p * S::inner + i, count), by);
          });
        }
      });
    }
  }
};

/// a times a constant.
template <>
struct operation<node_kind::scale> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    pointwise1<S>(self, f, [d](float_vec a) HWY_ATTR { return hn::Mul(a, hn::Set(d, S::n.factor)); });
  }
};

/// a
template <>
struct operation<node_kind::copy> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    pointwise1<S>(self, f, [](float_vec a) HWY_ATTR { return a; });
  }
};

/// f(a)
template <>
struct operation<node_kind::activation> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    pointwise1<S>(self, f, [d](float_vec a) HWY_ATTR __attribute__((always_inline)) {
      return activate<static_cast<activation_kind>(S::n.index)>(d, a);
    });
  }
};

/// dy·f′(a)
template <>
struct operation<node_kind::activation_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    pointwise2<S>(self, f, [d](float_vec a, float_vec dy) HWY_ATTR __attribute__((always_inline)) {
      return hn::Mul(dy, activation_slope<static_cast<activation_kind>(S::n.index)>(d, a));
    });
  }
};

/// f(a), which a gradient of a weight reads, and dy·f′(a) in the place of dy: they share most of their arithmetic.
template <>
struct operation<node_kind::activation_both> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    constexpr auto kind = static_cast<activation_kind>(S::n.index);
    S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      float const* const a = S::first::at(f, r);
      float* const dy = S::second::at(f, r);
      store_row(out, S::columns, [&](int i, std::size_t count) HWY_ATTR __attribute__((always_inline)) {
        auto const x = hn::LoadN(d, a + i, count);
        hn::StoreN(hn::Mul(hn::LoadN(d, dy + i, count), activation_slope<kind>(d, x)), d, dy + i, count);
        return activate<kind>(d, x);
      });
    });
  }
};

/// c·tanh(a/c)
template <>
struct operation<node_kind::softcap> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    pointwise1<S>(self, f, [d](float_vec a) HWY_ATTR {
      return hn::Mul(hn::Set(d, S::n.factor), tanh(d, hn::Mul(a, hn::Set(d, 1.0F / S::n.factor))));
    });
  }
};

/// dy·(1 − (y/c)²)
template <>
struct operation<node_kind::softcap_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    pointwise2<S>(self, f, [](float_vec y, float_vec dy) HWY_ATTR { return hn::Mul(dy, cap_slope(S::n.factor, y)); });
  }
};

/// a times one value of a vector.
template <>
struct operation<node_kind::gain> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    auto const by = hn::Set(d, S::second::data(f)[S::element(f)]);
    pointwise1<S>(self, f, [by](float_vec a) HWY_ATTR { return hn::Mul(a, by); });
  }
};

/// This layer's value of a table.
template <>
struct operation<node_kind::constant> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t, float* out) { *out = S::program::graph.tables[S::n.index].values[f.layer]; });
  }
};

/// A user's own function.
template <>
struct operation<node_kind::pointwise> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      float const* const a = S::first::at(f, r);
      for (int i = 0; i < S::columns; ++i) out[i] = S::n.function(a[i]);
    });
  }
};

/// The coin of a value is a hash of the step, the layer, the call and its place.
template <>
struct operation<node_kind::dropout> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float const p = f.gradients == nullptr ? 0.0F : S::n.factor;
    float const kept = 1.0F / (1.0F - p);
    S::for_rows(self, f, [&](std::size_t r, float* out) {
      std::uint64_t const coins = coins_of_row(f.coins, S::n.index, f.layer, r);
      for (int i = 0; i < S::columns; ++i) out[i] = is_dropped(coins, i, p) ? 0.0F : S::first::at(f, r)[i] * kept;
    });
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

// Norms and rotary positions.
#if defined(CONSTFORMER_EXECUTE_NORM_NODES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_EXECUTE_NORM_NODES_INL_HPP
#undef CONSTFORMER_EXECUTE_NORM_NODES_INL_HPP
#else
#define CONSTFORMER_EXECUTE_NORM_NODES_INL_HPP
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/execute/pass_frame.hpp"
#include "constformer/execute/step-inl.hpp"
#include "constformer/execute/tables.hpp"
#include "constformer/graph/node.hpp"
#include "constformer/kernels/gradients-inl.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/kernels/rope_rows-inl.hpp"
#include "constformer/kernels/team.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// The norm of a node.
constexpr norm_kind norm_of(node_kind kind) {
  if (kind == node_kind::deviation_norm) return norm_kind::deviation_norm;
  return kind == node_kind::rms_norm ? norm_kind::rms_norm : norm_kind::layer_norm;
}

/// A norm of each piece, times a weight, plus a bias.
template <>
struct operation<node_kind::rms_norm> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    float_tag const d;
    constexpr norm_kind kind = norm_of(S::n.kind);
    float const* const weight = S::template offset<1>(f);
    float const* const bias = S::template offset<2>(f);
    S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      for (int c = 0; c < S::columns; c += S::inner) {
        normed_row<kind>(S::first::at(f, r) + c, out + c, S::inner, S::n.factor);
        if (weight == nullptr) continue;
        store_row(out + c, S::inner, [&](int i, std::size_t count) HWY_ATTR {
          auto const y = hn::Mul(hn::LoadN(d, out + c + i, count), hn::LoadN(d, weight + i, count));
          return bias == nullptr ? y : hn::Add(y, hn::LoadN(d, bias + i, count));
        });
      }
    });
  }
};
/// As `rms_norm`, by its own formula.
template <>
struct operation<node_kind::layer_norm> : operation<node_kind::rms_norm> {};
/// As `rms_norm`, by its own formula.
template <>
struct operation<node_kind::deviation_norm> : operation<node_kind::rms_norm> {};

/// A norm of each piece, without weight and bias.
template <>
struct operation<node_kind::normed> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_pieces(self, f, [&](std::size_t at, std::size_t, float* out) HWY_ATTR {
      normed_row<norm_of(static_cast<node_kind>(S::n.index))>(S::first::data(f) + at, out, S::inner, S::n.factor);
    });
  }
};

/// dx of a norm.
template <>
struct operation<node_kind::norm_gradient> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    S::for_pieces(self, f, [&](std::size_t at, std::size_t dy_at, float* out) HWY_ATTR {
      norm_gradient_row<norm_of(static_cast<node_kind>(S::n.index))>(
          S::first::data(f) + at, S::template offset<1>(f), S::third::data(f) + dy_at, out, S::inner, S::n.factor);
    });
  }
};

/// Pairs of values rotated by their position (arXiv:2104.09864), or back.
template <>
struct operation<node_kind::rope> {
  template <class S>
  static HWY_INLINE void run(worker const& self, pass_frame const& f) {
    using tables = program_tables<typename S::program>;
    constexpr rope_config const& options = S::program::graph.rotations[S::n.index];
    constexpr int pairs = static_cast<int>(tables::pairs(S::n.index));
    float const* const cos = f.tables + tables::rotation_at(S::n.index);
    float const* const sin = cos + tables::positions * pairs;
    S::for_rows(self, f, [&](std::size_t r, float* out) HWY_ATTR {
      float const* const from = S::first::at(f, r);
      for (int plane = 0; plane < options.planes; ++plane) {
        auto const at = static_cast<std::size_t>(plane_positions<S>(f, plane)[r]) * pairs;
        for (int c = 2 * pairs * plane; c < S::columns; c += S::inner)
          rotate_pairs<options.style == rope_style::interleaved, (S::n.factor < 0.0F)>(from + c, out + c, pairs,
                                                                                       cos + at, sin + at);
      }
      for (int c = options.rotary_dims; c < S::columns; c += S::inner)
        copy_floats(from + c, S::inner - options.rotary_dims, out + c);
    });
  }

 private:
  template <class S>
  static std::int32_t const* plane_positions(pass_frame const& f, [[maybe_unused]] int plane) {
    if constexpr (S::n.inputs[2] >= 0)
      if (plane == 1) return S::third::ids(f);
    return S::second::ids(f);
  }
};

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

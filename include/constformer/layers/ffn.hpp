#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// What of a config decides the parameters of a feed-forward layer.
struct ffn_shape {
  int d_model;  ///< width of the residual stream
  int d_ff;     ///< inner width
  bool gated;   ///< has a gate beside up
  bool bias;    ///< gate, up and down have biases
};

/// The feed-forward shape of any block of `c`.
[[nodiscard]] constexpr ffn_shape ffn_shape_of(config const& c) { return {c.d_model, c.d_ff, c.gated, c.bias_ffn}; }

/// down(act(up(x))), or with a gate down(act(gate(x)) · up(x)) (SwiGLU and its kin, arXiv:2002.05202); inner width (T,
/// d_ff).
template <ffn_shape Shape>
struct ffn {
  static constexpr int in = Shape.d_model;   ///< columns of what it takes
  static constexpr int out = Shape.d_model;  ///< columns of what it gives
  /// (T, d_model) to (T, d_ff).
  using up_type = linear<Shape.d_ff, Shape.d_model, Shape.bias>;
  /// As up, or absent.
  using gate_type = member_if<Shape.gated, up_type>;
  /// (T, d_ff) to (T, d_model).
  using down_type = linear<Shape.d_model, Shape.d_ff, Shape.bias>;
  BOOST_HANA_DEFINE_STRUCT(ffn, (gate_type, gate), (up_type, up), (down_type, down));

  /// (rows, d_model) to the same.
  constexpr value operator()(value x, activation_kind kind, call where = call::current()) const {
    if constexpr (Shape.gated)
      return down(multiply(activate(kind, gate(x, where), where), up(x, where), where), where);
    else
      return down(activate(kind, up(x, where), where), where);
  }
};

/// `ffn` under a name that members do not have, for code that says `using namespace constformer`.
template <ffn_shape Shape>
using ffn_layer = ffn<Shape>;

}  // namespace constformer

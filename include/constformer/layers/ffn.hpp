#pragma once

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/layers/adapted_linear.hpp"
#include "constformer/layers/adapter_options.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// What of a config decides the parameters of a feed-forward layer.
struct ffn_shape {
  int d_model;                 ///< width of the residual stream
  int d_ff;                    ///< inner width
  bool gated;                  ///< has a gate beside up
  bool bias;                   ///< gate, up and down have biases
  adapter_options adapters{};  ///< of its linear layers
};

/// The feed-forward shape of any block of `c`.
[[nodiscard]] constexpr ffn_shape ffn_shape_of(config const& c, adapter_options const& adapters = {}) {
  return {c.d_model, c.d_ff, c.gated, c.bias_ffn, adapters};
}

/// down(act(up(x))), or with a gate down(act(gate(x)) · up(x)) (SwiGLU and its kin, arXiv:2002.05202); inner width (T,
/// d_ff).
template <ffn_shape Shape>
struct ffn {
  static constexpr int in = Shape.d_model;   ///< columns of what it takes
  static constexpr int out = Shape.d_model;  ///< columns of what it gives
  /// (T, d_model) to (T, d_ff).
  using up_type = adapted_if<Shape.adapters.up, linear<Shape.d_ff, Shape.d_model, Shape.bias>, Shape.adapters>;
  /// As up, or absent.
  using gate_type =
      member_if<Shape.gated,
                adapted_if<Shape.adapters.gate, linear<Shape.d_ff, Shape.d_model, Shape.bias>, Shape.adapters>>;
  /// (T, d_ff) to (T, d_model).
  using down_type = adapted_if<Shape.adapters.down, linear<Shape.d_model, Shape.d_ff, Shape.bias>, Shape.adapters>;
  /// One adapter of gate and up, or absent.
  using joint_type = member_if<Shape.adapters.joint_gate_up, low_rank<2 * Shape.d_ff, Shape.d_model, Shape.adapters>>;
  BOOST_HANA_DEFINE_STRUCT(ffn, (gate_type, gate), (up_type, up), (joint_type, gate_up_adapter), (down_type, down));

  /// (rows, d_model) to the same.
  constexpr value operator()(value x, activation_kind kind, call where = call::current()) const {
    if constexpr (Shape.gated) {
      auto const [open, wide] = projected(x, where);
      return down(multiply(activate(kind, open, where), wide, where), where);
    } else {
      return down(activate(kind, up(x, where), where), where);
    }
  }

 private:
  struct projections {
    value gate, up;
  };
  constexpr projections projected(value x, call where) const {
    projections both{gate(x, where), up(x, where)};
    if constexpr (Shape.adapters.joint_gate_up) {
      value const joint = gate_up_adapter(x, where);
      both.gate = add(both.gate, slice(joint, 0, Shape.d_ff, where), where);
      both.up = add(both.up, slice(joint, Shape.d_ff, Shape.d_ff, where), where);
    }
    return both;
  }
};

/// `ffn` under a name that members do not have, for code that says `using namespace constformer`.
template <ffn_shape Shape>
using ffn_layer = ffn<Shape>;

}  // namespace constformer

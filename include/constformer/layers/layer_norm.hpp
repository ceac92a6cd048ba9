#pragma once

#include "constformer/core/members.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/value.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// (x − mean)·rsqrt(variance + eps)·weight (+ bias) over the innermost axis (arXiv:1607.06450).
template <int Width, bool Bias = true>
struct layer_norm {
  static constexpr int width = Width;  ///< values that are normed together
  /// (Width).
  using weight_type = parameter<parameter_role::scale, Width>;
  /// (Width), or absent.
  using bias_type = member_if<Bias, parameter<parameter_role::bias, Width>>;
  BOOST_HANA_DEFINE_STRUCT(layer_norm, (weight_type, weight), (bias_type, bias));
  float eps = 1e-5F;  ///< added to the variance

  /// x normed, of the same shape.
  constexpr value operator()(value x, call where = call::current()) const {
    if (x.shape().last().extent != Width)
      x.owner().fail(where, format_message("layer_norm: width is {}, input is {}", Width, describe(x.shape())));
    return detail::emit(x.owner(), node_kind::layer_norm, x.shape(),
                        {x.id(), detail::node_of(weight, x, where), detail::node_of(bias, x, where)}, where, 0, eps);
  }
};

}  // namespace constformer

#pragma once

#include "constformer/core/members.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/value.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// x·rsqrt(mean x² + eps)·weight over the innermost axis (arXiv:1910.07467); with `Weight` false, without weight.
template <int Width, bool Weight = true>
struct rms_norm {
  static constexpr int width = Width;  ///< values that are normed together
  /// (Width), or absent.
  using weight_type = member_if<Weight, parameter<parameter_role::scale, Width>>;
  BOOST_HANA_DEFINE_STRUCT(rms_norm, (weight_type, weight));
  float eps = 1e-6F;  ///< added to the mean square

  /// x normed, of the same shape.
  constexpr value operator()(value x, call where = call::current()) const {
    if (x.shape().last().extent != Width)
      x.owner().fail(where, format_message("rms_norm: width is {}, input is {}", Width, describe(x.shape())));
    return detail::emit(x.owner(), node_kind::rms_norm, x.shape(), {x.id(), detail::node_of(weight, x, where)}, where,
                        0, eps);
  }
};

}  // namespace constformer

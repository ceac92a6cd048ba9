#pragma once

#include "constformer/core/check.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/members.hpp"
#include "constformer/core/text.hpp"
#include "constformer/graph/value.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// RMSNorm (arXiv:1910.07467) or LayerNorm (arXiv:1607.06450) over the last axis of (T, width); the arithmetic is the
/// kernel's choice. Not `norm`: members are called so, and a name has one meaning in a class.
template <int Width, bool Bias, bool Weight = true>
struct norm_layer {
  static_assert(check<(Width > 0), "norm: width={} must be positive", Width>::value);
  static constexpr int width = Width;  ///< values that are normed together
  static constexpr int in = Width;     ///< columns of what it takes
  static constexpr int out = Width;    ///< columns of what it gives
  /// What the normed values are multiplied by (width), or absent.
  using weight_type = member_if<Weight, parameter<parameter_role::scale, Width>>;
  /// What is then added (width), or absent.
  using bias_type = member_if<Bias, parameter<parameter_role::bias, Width>>;
  BOOST_HANA_DEFINE_STRUCT(norm_layer, (weight_type, weight), (bias_type, bias));

  /// x (…, width), normed as `kind` says.
  constexpr value operator()(value x, norm_kind kind, float eps, call where = call::current()) const {
    if (x.shape().last().extent != Width)
      x.owner().fail(where, format_message("norm: width is {}, input is {}", Width, describe(x.shape())));
    node_kind const how = kind == norm_kind::rms_norm     ? node_kind::rms_norm
                          : kind == norm_kind::layer_norm ? node_kind::layer_norm
                                                          : node_kind::deviation_norm;
    return detail::emit(x.owner(), how, x.shape(),
                        {x.id(), detail::node_of(weight, x, where), detail::node_of(bias, x, where)}, where, 0, eps);
  }
};

}  // namespace constformer

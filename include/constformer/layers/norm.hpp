#pragma once

#include "constformer/core/check.hpp"
#include "constformer/core/members.hpp"
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
};

}  // namespace constformer

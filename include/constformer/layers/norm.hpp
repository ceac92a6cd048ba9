#pragma once

#include "constformer/core/members.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// RMSNorm (arXiv:1910.07467) or LayerNorm (arXiv:1607.06450) over the last axis of (T, width); the arithmetic is the
/// kernel's choice.
template <int Width, bool Bias, bool Weight = true>
struct norm {
  static constexpr int width = Width;  ///< values that are normed together
  /// What the normed values are multiplied by (width), or absent.
  using weight_type = member_if<Weight, parameter<parameter_role::scale, Width>>;
  /// What is then added (width), or absent.
  using bias_type = member_if<Bias, parameter<parameter_role::bias, Width>>;
  BOOST_HANA_DEFINE_STRUCT(norm, (weight_type, weight), (bias_type, bias));
};

}  // namespace constformer

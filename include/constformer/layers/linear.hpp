#pragma once

#include "constformer/core/check.hpp"
#include "constformer/core/members.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// y = W·x (+ b): W (out, in), x (T, in), y (T, out).
template <int Out, int In, bool Bias>
struct linear {
  static_assert(check<(Out > 0 && In > 0), "linear: extents ({}, {}) must be positive", Out, In>::value);
  static constexpr int out = Out;  ///< columns of y
  static constexpr int in = In;    ///< columns of x

  /// W (out, in).
  using weight_type = parameter<parameter_role::matrix, Out, In>;
  /// b (out), or absent.
  using bias_type = member_if<Bias, parameter<parameter_role::bias, Out>>;
  BOOST_HANA_DEFINE_STRUCT(linear, (weight_type, weight), (bias_type, bias));
};

/// `linear` under a name that members do not have, for code that says `using namespace constformer`.
template <int Out, int In, bool Bias>
using linear_layer = linear<Out, In, Bias>;

}  // namespace constformer

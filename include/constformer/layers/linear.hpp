#pragma once

#include "constformer/core/check.hpp"
#include "constformer/core/members.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// y = W·x (+ b): W (out, in), x (T, in), y (T, out).
template <int Out, int In, bool Bias = false, axis_name OutAxis = axes::channels, axis_name InAxis = axis_name{}>
struct linear {
  static_assert(check<(Out > 0 && In > 0), "linear: extents ({}, {}) must be positive", Out, In>::value);
  static constexpr int out = Out;                 ///< columns of y
  static constexpr int in = In;                   ///< columns of x
  static constexpr axis_name out_axis = OutAxis;  ///< by which y's columns go

  /// W (out, in).
  using weight_type = parameter<parameter_role::matrix, Out, In>;
  /// b (out), or absent.
  using bias_type = member_if<Bias, parameter<parameter_role::bias, Out>>;
  BOOST_HANA_DEFINE_STRUCT(linear, (weight_type, weight), (bias_type, bias));

  /// y (rows, OutAxis=Out). x has In columns by any axes, or one axis of that name where `InAxis` has one.
  constexpr value operator()(value x, call where = call::current()) const {
    if (x.shape().columns() != In || (InAxis != axis_name{} && x.shape().last().name != InAxis))
      x.owner().fail(where, format_message("linear: weight is [{},{}{}], input is {}", Out, In,
                                           InAxis == axis_name{} ? "" : " of its axis", describe(x.shape())));
    int const offset = Bias ? detail::node_of(bias, x, where) : -1;
    return detail::emit(x.owner(), node_kind::linear, x.shape().with_axes(axis{OutAxis, Out}),
                        {x.id(), weight.in(x, where).id(), offset}, where);
  }
};

/// `linear` under a name that members do not have, for code that says `using namespace constformer`.
template <int Out, int In, bool Bias>
using linear_layer = linear<Out, In, Bias>;

}  // namespace constformer

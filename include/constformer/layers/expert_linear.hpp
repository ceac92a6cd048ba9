#pragma once

#include "constformer/core/check.hpp"
#include "constformer/core/members.hpp"
#include "constformer/graph/value.hpp"
#include "constformer/layers/parameter.hpp"

namespace constformer {

/// A matrix for each of `Experts`, of which every row uses those that a router chose (mixture of experts,
/// arXiv:1701.06538): y[i] = W[places[i]]·x[i]. Only chosen products are computed.
template <int Experts, int Out, int In>
struct expert_linear {
  static_assert(check<(Experts > 0 && Out > 0 && In > 0),
                      "expert_linear: experts={} and extents ({}, {}) must be positive", Experts, Out, In>::value);
  /// W (experts·out, in), one after the other.
  using weight_type = parameter<parameter_role::matrix, Experts * Out, In>;
  BOOST_HANA_DEFINE_STRUCT(expert_linear, (weight_type, weight));

  /// x (rows, in), the same for all chosen experts, or (rows, k, in), one for each; `places` (rows, k), from
  /// `top_indices`. Gives (rows, k, channels=Out).
  constexpr value operator()(value x, value places, call where = call::current()) const {
    value_shape const from = x.shape(), at = places.shape();
    bool const each = from.rank == 2;
    if (at.rank != 1 || from.last().extent != In || from.rank < 1 || (each && from.axes[0].extent != at.last().extent))
      x.owner().fail(where, format_message("expert_linear: weight is [{} of {},{}], input is {}, places are {}",
                                           Experts, Out, In, describe(from), describe(at)));
    return detail::emit(x.owner(), node_kind::expert_linear,
                        at.with_axes(axis{axes::experts, at.last().extent}, axis{axes::channels, Out}),
                        {x.id(), weight.in(x, where).id(), places.id()}, where, Experts);
  }
};

}  // namespace constformer

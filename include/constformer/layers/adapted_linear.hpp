#pragma once

#include <string_view>
#include <type_traits>

#include "constformer/core/check.hpp"
#include "constformer/core/members.hpp"
#include "constformer/graph/operations.hpp"
#include "constformer/graph/value.hpp"
#include "constformer/layers/adapter_options.hpp"
#include "constformer/layers/linear.hpp"
#include "constformer/layers/parameter.hpp"
#include "constformer/layers/parameter_table.hpp"

namespace constformer {

/// scale·B·A·x with A (rank, in) and B (out, rank): what an adapter adds to a linear layer (LoRA, arXiv:2106.09685).
template <int Out, int In, adapter_options Options, axis_name OutAxis = axes::channels>
struct low_rank {
  static_assert(check<(Options.rank > 0), "low_rank: rank={} must be positive", Options.rank>::value);
  /// (T, in) to (T, rank).
  using down_type = linear<Options.rank, In>;
  /// (T, rank) to (T, out).
  using up_type = linear<Out, Options.rank, false, OutAxis>;
  BOOST_HANA_DEFINE_STRUCT(low_rank, (down_type, lora_a), (up_type, lora_b));

  /// (rows, in) to (rows, out).
  constexpr value operator()(value x, call where = call::current()) const {
    if constexpr (Options.dropout > 0.0F) x = dropout(x, Options.dropout, where);
    return scale(lora_b(lora_a(x, where), where), Options.scale, where);
  }
};

/// A linear layer and an adapter beside it: W·x + b + scale·B·A·x. Its own parameters keep their names.
template <class Linear, adapter_options Options>
struct adapted_linear {
  static constexpr int out = Linear::out;  ///< columns of y
  static constexpr int in = Linear::in;    ///< columns of x

  using weight_type = typename Linear::weight_type;                                   ///< W
  using bias_type = typename Linear::bias_type;                                       ///< b, or absent
  using adapter_type = low_rank<Linear::out, Linear::in, Options, Linear::out_axis>;  ///< A and B
  BOOST_HANA_DEFINE_STRUCT(adapted_linear, (weight_type, weight), (bias_type, bias), (adapter_type, adapter));

  /// (rows, in) to (rows, out).
  constexpr value operator()(value x, call where = call::current()) const {
    Linear layer{};
    layer.weight = weight;
    layer.bias = bias;
    return add(layer(x, where), adapter(x, where), where);
  }
};

/// `Linear`, or, if `Wanted`, with an adapter.
template <bool Wanted, class Linear, adapter_options Options>
using adapted_if = std::conditional_t<Wanted, adapted_linear<Linear, Options>, Linear>;

/// True of the parameters of adapters.
[[nodiscard]] constexpr bool is_adapter(parameter_entry const& p) {
  return p.name.view().find(".lora_") != std::string_view::npos;
}

/// For `learning::trains`: adapters learn, and nothing else.
inline constexpr parameter_filter adapters_alone{is_adapter};

}  // namespace constformer

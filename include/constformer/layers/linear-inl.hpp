// Linear layers of a config over packed panels.
#if defined(CONSTFORMER_LAYERS_LINEAR_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef CONSTFORMER_LAYERS_LINEAR_INL_HPP
#undef CONSTFORMER_LAYERS_LINEAR_INL_HPP
#else
#define CONSTFORMER_LAYERS_LINEAR_INL_HPP
#endif

#include <cstddef>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/weight_types.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/packed_product-inl.hpp"
#include "constformer/kernels/team.hpp"
#include "constformer/layers/stage.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

/// How `Config` multiplies with matrices of `Type`.
template <config const& Config, dtype Type>
inline constexpr product_policy policy_of{.rounded_bytes = rounded_row_bytes(Config),
                                          .type = Type,
                                          .inputs = product_inputs(Config.inputs, Type),
                                          .streamed = is_streamed(packed_layout_of(Config).bytes)};

/// This worker's share of finish(W·x): W (Out, In) of `Type` packed at `weight`, x (rows, In). Shares are whole units
/// of panels. All workers call it.
template <config const& Config, dtype Type, int Out, int In, class Finish>
HWY_INLINE void linear_forward(worker const& self, stage const& s, std::byte const* weight, matrix_rows x, int rows,
                               Finish const& finish, int unit = 1) {
  multiply_packed<policy_of<Config, Type>, Out, In>(self, s, weight, x, rows, finish, unit);
}

/// The same of the matrix of `Kind` in `layer`, whose type that layer decides.
template <config const& Config, weight_kind Kind, int Out, int In, class Finish>
HWY_INLINE void linear_forward(worker const& self, stage const& s, int layer, matrix_rows x, int rows,
                               Finish const& finish, int unit = 1) {
  static constexpr packed_runs runs = packed_layout_of(Config).of(Kind);
  if constexpr (runs.count == 1) {
    std::byte const* const weight = s.weights + runs.list[0].offset + layer * runs.list[0].stride;
    linear_forward<Config, runs.list[0].type, Out, In>(self, s, weight, x, rows, finish, unit);
  } else {
    auto const try_run = [&]<int Run>() HWY_ATTR {
      if constexpr (Run < runs.count) {
        if (&runs.of(layer) == &runs.list[Run])
          linear_forward<Config, runs.list[Run].type, Out, In>(self, s, s.weights + runs.at(layer), x, rows, finish,
                                                               unit);
      }
    };
    static_assert(packed_runs::limit == 4);
    try_run.template operator()<0>();
    try_run.template operator()<1>();
    try_run.template operator()<2>();
    try_run.template operator()<3>();
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

#endif

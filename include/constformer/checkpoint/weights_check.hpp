#pragma once

#include <cstddef>
#include <string_view>

#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/config/config.hpp"
#include "constformer/core/check.hpp"
#include "constformer/core/text.hpp"
#include "constformer/execute/lowered_program.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/passes/plan_weights.hpp"

namespace constformer {

/// What `c` says of how its model is built.
[[nodiscard]] constexpr build_choice build_choice_of(config const& c) {
  return {.capacity = c.capacity, .weights = c.weights, .inputs = c.inputs, .kv_dtype = c.kv_dtype};
}

namespace detail {

constexpr bool is_place_of(weight_place const& place, pack_step const& step) {
  bool const turned = step.rotary_dims == 0 || place.rotary_planes == step.rotary_planes;
  return static_cast<int>(place.form) == static_cast<int>(step.kind) && place.type == step.type &&
         place.offset == step.offset && place.stride == step.layer_stride && place.first_row == step.first_row &&
         place.panel_step == step.panel_step && place.rotary_dims == step.rotary_dims && turned &&
         (step.kind != packed_kind::panels || place.matrix_rows == step.matrix_rows);
}

template <std::size_t N>
constexpr message weights_misfit(config const& c, weight_plan<N> const& plan,
                                 std::array<parameter_entry, N> const& table) {
  if (c.types.count > 0) return format_message("lower: matrices of several types are not lowered yet");
  pack_plan const steps = pack_plan_of(c);
  for (std::size_t i = 0; i < N; ++i) {
    std::size_t k = 0;
    while (k < steps.size && steps.steps[k].parameter.view() != table[i].name.view()) ++k;
    if (k == steps.size || !is_place_of(plan.places[i], steps.steps[k]))
      return format_message("lower: {} does not lie where the packed file has it", table[i].name);
  }
  std::int64_t const bytes = packed_layout_of(c).bytes;
  if (plan.bytes != bytes)
    return format_message("lower: weights take {} bytes, the packed file has {}", plan.bytes, bytes);
  return {};
}

}  // namespace detail

/// Compiles only if the weights of `Program` lie where the packed file of `Config` has them.
template <class Program, config const& Config>
struct weights_fit {
  /// The first parameter that does not; empty, or the struct does not compile.
  static constexpr message misfit =
      detail::weights_misfit(Config, Program::weights, parameter_table<typename Program::model>);
  static_assert(require_empty<misfit>::value);
  static constexpr bool value = true;  ///< true, or the struct does not compile
};

}  // namespace constformer

#pragma once

#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/config/config.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/check.hpp"
#include "constformer/core/text.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/layers/transformer.hpp"

namespace constformer {

namespace detail {

constexpr std::size_t step_of(pack_plan const& plan, std::string_view parameter) {
  std::size_t i = 0;
  while (i < plan.size && plan.steps[i].parameter.view() != parameter) ++i;
  return i;
}

template <std::size_t N>
constexpr message plan_misfit(pack_plan const& plan, std::array<parameter_entry, N> const& table) {
  for (parameter_entry const& entry : table) {
    std::size_t const at = step_of(plan, entry.name.view());
    if (at == plan.size) return format_message("{}: the pack plan has no step for it", entry.name);
    pack_step const& step = plan.steps[at];
    if (step.rows != entry.rows || step.cols != entry.cols)
      return format_message("{}: the pack plan has [{},{}], the model has [{},{}]", entry.name, step.rows, step.cols,
                            entry.rows, entry.cols);
  }
  if (plan.size != N) return format_message("the pack plan has {} steps, the model has {} parameters", plan.size, N);
  return {};
}

}  // namespace detail

/// Compiles only if the pack plan of `Config`, made from values, and the parameter table, made from types, tell the
/// same.
template <config const& Config>
struct plan_fits {
  /// The first parameter on which they differ; empty, or the struct does not compile.
  static constexpr message misfit =
      detail::plan_misfit(pack_plan_of(checked<Config>()), parameter_table<model_parameters<Config>>);
  static_assert(require_empty<misfit>::value);
  static constexpr bool value = true;  ///< true, or the struct does not compile
};

}  // namespace constformer

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "constformer/config/config.hpp"
#include "constformer/config/kinds.hpp"
#include "constformer/core/text.hpp"
#include "constformer/layers/parameter_table.hpp"
#include "constformer/models/names.hpp"

namespace constformer {

/// A tensor that the model needs from its checkpoint, or one for each of `layers` layers (`*` in the name).
struct manifest_entry {
  parameter_name tensor;                  ///< the checkpoint's name, after its prefix
  bool prefixed = true;                   ///< the prefix stands before it
  int layers = 1;                         ///< tensors that the `*` stands for
  int rank = 1;                           ///< 1 or 2
  std::array<std::int64_t, 2> extents{};  ///< as stored: fused parts added up, transposed where the family transposes
};

/// Whether `names` has a rule for parameter `name`, its own or its layer's. Constant evaluation asks this: under
/// -fsanitize=undefined, g++ 12 takes no comparison of an element's address with nullptr for a constant.
[[nodiscard]] constexpr bool has_rule(name_map const& names, std::string_view name) {
  std::string_view const layer = name.substr(0, name.rfind('.'));
  for (name_rule const& rule : names.rules)
    if (rule.layer == name || rule.layer == layer) return true;
  return false;
}

/// The rule of `names` for parameter `name` (`blocks.*.ffn.up.weight`), its own before its layer's; none: nullptr.
[[nodiscard]] constexpr name_rule const* rule_for(name_map const& names, std::string_view name) {
  for (name_rule const& rule : names.rules)
    if (rule.layer == name) return &rule;
  std::string_view const layer = name.substr(0, name.rfind('.'));
  for (name_rule const& rule : names.rules)
    if (rule.layer == layer) return &rule;
  return nullptr;
}

/// The checkpoint's name, after its prefix, of parameter `name`, for which `rule` is.
[[nodiscard]] constexpr parameter_name tensor_of(name_rule const& rule, std::string_view name) {
  parameter_name tensor;
  tensor << rule.tensor;
  if (rule.layer != name) tensor << name.substr(name.rfind('.'));
  return tensor;
}

/// The manifest of a parameter table under a family's names, at most `Capacity` entries.
template <std::size_t Capacity>
struct manifest {
  std::array<manifest_entry, Capacity> entries{};  ///< those from `size` on are unused
  std::size_t size = 0;                            ///< tensors that are wanted

  /// Adds a parameter under its tensor's name; if that tensor is there already, it grows along its output axis (fused
  /// parts).
  constexpr void add(name_rule const& rule, parameter_entry const& parameter, bool transposed) {
    parameter_name const tensor = tensor_of(rule, parameter.name.view());
    bool const matrix = parameter.cols != 0;
    std::size_t const out = matrix && transposed ? 1 : 0;  // the axis along which parts are fused
    for (std::size_t i = 0; i < size; ++i) {
      if (entries[i].tensor.view() != tensor.view()) continue;
      entries[i].extents[out] += parameter.rows;
      return;
    }
    manifest_entry& entry = entries[size++];
    entry = {tensor, rule.prefixed, parameter.layers, matrix ? 2 : 1, {}};
    entry.extents[out] = parameter.rows;
    if (matrix) entry.extents[1 - out] = parameter.cols;
  }

  /// The entries in use.
  [[nodiscard]] constexpr std::span<manifest_entry const> view() const { return {entries.data(), size}; }
};

/// The first parameter of `table` that checkpoints of the family of `c` have no name for, as a sentence; empty if there
/// is none. A config that gives GPT-2 a gate gets one.
template <std::size_t N>
[[nodiscard]] constexpr message nameless_parameter(config const& c, std::array<parameter_entry, N> const& table) {
  for (parameter_entry const& parameter : table)
    if (!has_rule(names_of(c), parameter.name.view()))
      return format_message("family: checkpoints of {} have no name for {}", name_of(c.family), parameter.name);
  return {};
}

/// What a checkpoint of the family of `c` must hold to fill `table`, the parameters of `c`, as far as the family has
/// names. `linear_in_out` is false for files that keep as (out, in) what their family usually stores transposed.
template <std::size_t N>
[[nodiscard]] constexpr manifest<N> make_manifest(config const& c, std::array<parameter_entry, N> const& table,
                                                  bool linear_in_out = true) {
  manifest<N> out;
  for (parameter_entry const& parameter : table) {
    if (!has_rule(names_of(c), parameter.name.view())) continue;
    name_rule const& rule = *rule_for(names_of(c), parameter.name.view());
    out.add(rule, parameter, rule.transposed && linear_in_out);
  }
  return out;
}

}  // namespace constformer

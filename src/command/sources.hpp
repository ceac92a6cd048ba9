#pragma once

#include <span>
#include <string>
#include <string_view>

#include "constformer/checkpoint/open.hpp"
#include "targets.hpp"

namespace constformer::command {

/// C++ that stands in for `text`: a string literal.
[[nodiscard]] std::string literal(std::string_view text);

/// The tensors of `source` as `constexpr file_tensor tensors[]`.
[[nodiscard]] std::string tensor_table(checkpoint const& source);

/// A unit that compiles only if the tensors of `source` fill the config `name` (qualified), which `header` defines.
[[nodiscard]] std::string check_unit(checkpoint const& source, std::string_view name, std::string_view header);

/// A model as its unit is written.
struct unit_parts {
  std::string header;  ///< defines the model
  std::string engine;  ///< ours that runs it
  std::string make;    ///< the function of ours that makes a `model_unit` of its name
  std::string label;   ///< what the program calls it
};

/// The unit of the config `name` (qualified), which `header` defines.
[[nodiscard]] unit_parts config_unit(std::string_view name, std::string_view label, std::string_view header);

/// The one unit that knows the shapes: it instantiates what runs the model and exports it as `linked_unit()`.
[[nodiscard]] std::string model_unit_source(unit_parts const& unit);

/// The same for one instruction set of a portable program, exported as `function` (targets.hpp).
[[nodiscard]] std::string target_unit_source(unit_parts const& unit, std::string_view function);

/// The unit of a portable program that defines `linked_unit()`: the best of `targets` that the processor has.
[[nodiscard]] std::string choosing_unit_source(std::span<unit_target const> targets);

/// A unit that defines `linked_weights()`: the bytes of `packed`, embedded by the assembler, or a file beside the
/// program.
[[nodiscard]] std::string embedded_weights_source(std::string_view packed);
[[nodiscard]] std::string beside_weights_source(std::string_view file_name);

}  // namespace constformer::command

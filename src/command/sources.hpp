#pragma once

#include <span>
#include <string>
#include <string_view>

#include "constformer/checkpoint/open.hpp"
#include "targets.hpp"

namespace constformer::command {

/// A unit that compiles only if the tensors of `source` fill the config `name` (qualified), which `header` defines.
[[nodiscard]] std::string check_unit(checkpoint const& source, std::string_view name, std::string_view header);

/// The one unit that knows the shapes: it instantiates the engine for the config `name` and exports it as
/// `linked_unit()`.
[[nodiscard]] std::string model_unit_source(std::string_view name, std::string_view label, std::string_view header);

/// The same for one instruction set of a portable program, exported as `function` (targets.hpp).
[[nodiscard]] std::string target_unit_source(std::string_view name, std::string_view label, std::string_view header,
                                             std::string_view function);

/// The unit of a portable program that defines `linked_unit()`: the best of `targets` that the processor has.
[[nodiscard]] std::string choosing_unit_source(std::span<unit_target const> targets);

/// A unit that defines `linked_weights()`: the bytes of `packed`, embedded by the assembler, or a file beside the
/// program.
[[nodiscard]] std::string embedded_weights_source(std::string_view packed);
[[nodiscard]] std::string beside_weights_source(std::string_view file_name);

}  // namespace constformer::command

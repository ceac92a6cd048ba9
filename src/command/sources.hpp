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

/// What takes rows through the layers of a config: layers written by hand, or phases that its graph is lowered to.
enum class layers_by { hand, lowering };

/// The unit of the config `name` (qualified), which `header` defines.
[[nodiscard]] unit_parts config_unit(std::string_view name, std::string_view label, std::string_view header,
                                     layers_by way = layers_by::hand);

/// The one unit that knows the shapes: it instantiates what runs the model and exports it as `linked_unit()`.
[[nodiscard]] std::string model_unit_source(unit_parts const& unit);

/// The unit of a model that guesses tokens for `model`; their configs (qualified) are compared as it is compiled.
[[nodiscard]] std::string draft_unit_source(unit_parts const& draft, std::string_view config, unit_parts const& model,
                                            std::string_view model_config);

/// The same for one instruction set of a portable program, exported as `function` (targets.hpp).
[[nodiscard]] std::string target_unit_source(unit_parts const& unit, std::string_view function);

/// The unit of a portable program that defines `linked_unit()`: the best of `targets` that the processor has.
[[nodiscard]] std::string choosing_unit_source(std::span<unit_target const> targets);

/// Which model's weights a unit defines.
enum class weights_of { model, draft };

/// A unit that defines `linked_weights()`, or `linked_draft_weights()`: the bytes of `packed`, embedded by the
/// assembler, or a file beside the program.
[[nodiscard]] std::string embedded_weights_source(std::string_view packed, weights_of which = weights_of::model);
[[nodiscard]] std::string beside_weights_source(std::string_view file_name, weights_of which = weights_of::model);

}  // namespace constformer::command

#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "constformer/checkpoint/open.hpp"

namespace constformer {

/// Where the values of parameter `name`, as `parameter_table` has it, of layer `layer` go, row by row.
using parameter_place_of = std::function<std::span<float>(std::string_view name, int layer)>;

/// Converts every parameter of `source.model` to float32, in the order that its family's checkpoints have, and calls
/// `place` for where it goes. Norm weights that are stored less 1 get it back. Throws `error` if a tensor is missing or
/// does not fit.
void read_parameters(checkpoint const& source, parameter_place_of const& place);

}  // namespace constformer

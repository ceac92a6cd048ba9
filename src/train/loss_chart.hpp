#pragma once

#include <span>
#include <string>
#include <string_view>

#include "run_log.hpp"

namespace constformer::train {

/// The losses of a run over its steps as an SVG: of training, of validation where there is one, axes with marks, a
/// legend.
[[nodiscard]] std::string loss_chart(std::span<log_entry const> entries, std::string_view title);

}  // namespace constformer::train

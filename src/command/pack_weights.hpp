#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/packed_file.hpp"
#include "constformer/config/config.hpp"

namespace constformer::command {

/// Fills `out`, zeroed and packed_layout_of(model).bytes long, by the steps of pack_plan_of(model).
void pack_weights(checkpoint const& source, config const& model, std::span<std::byte> out);

/// Where each tensor of the checkpoint went, for `info`.
[[nodiscard]] std::vector<packed_tensor> packed_tensors(checkpoint const& source, config const& model);

}  // namespace constformer::command

#pragma once

#include <filesystem>

#include "constformer/checkpoint/open.hpp"
#include "constformer/config/config.hpp"

namespace constformer::command {

/// Packs the weights of `source` for programs compiled from `model` (its config, with the capacity and types of the
/// build), and the tokenizer beside them, if there is one, into `file`. Throws `error` if a tensor is missing or of
/// another shape.
void pack_checkpoint(checkpoint const& source, config const& model, std::filesystem::path const& file);

}  // namespace constformer::command

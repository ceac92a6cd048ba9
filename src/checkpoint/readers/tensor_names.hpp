#pragma once

#include <string>
#include <string_view>

#include "constformer/checkpoint/safetensors.hpp"

namespace constformer {

/// A tensor's name without what wrappers of modules put into it: torch.compile, FSDP, activation checkpointing, and
/// DistributedDataParallel in front.
[[nodiscard]] std::string without_wrappers(std::string_view name);

/// Takes the wrappers off all names, and what a module that holds the model puts before them: `known` is the name that
/// a tensor must have for the family, alone or after `prefix`. Names that would then be there twice stay as they are.
void settle_names(safetensors_content& content, std::string_view prefix, std::string_view known);

}  // namespace constformer

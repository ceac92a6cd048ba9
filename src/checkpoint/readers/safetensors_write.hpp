#pragma once

#include <filesystem>
#include <vector>

#include "constformer/checkpoint/tensor.hpp"

namespace constformer {

/// Writes a safetensors file, atomically: the header's length, the header, the data end to end; of F32, F16 and BF16
/// tensors, those of wider types first and by name, as the format's own library does. Throws `error` as `atomic_file`
/// does.
void write_safetensors(std::filesystem::path const& path, std::vector<tensor_view> tensors);

}  // namespace constformer

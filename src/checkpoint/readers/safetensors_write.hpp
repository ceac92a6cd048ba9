#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "constformer/checkpoint/tensor.hpp"

namespace constformer {

/// Writes a safetensors file, atomically: the header's length, the header, the data end to end; of F32, F16 and BF16
/// tensors, those of wider types first and by name, as the format's own library does. Throws `error` as `atomic_file`
/// does. `metadata` stands beside the format's name in the header.
void write_safetensors(std::filesystem::path const& path, std::vector<tensor_view> tensors,
                       std::map<std::string, std::string> const& metadata = {});

}  // namespace constformer

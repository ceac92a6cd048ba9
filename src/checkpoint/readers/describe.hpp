#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"

namespace constformer {

/// What open_checkpoint makes of a Hugging Face folder, without the folder: of its config.json and its tensors, which
/// have the names and shapes of the files. `where` names them in messages. Throws `error` as open_checkpoint does.
[[nodiscard]] checkpoint describe_checkpoint(std::string_view config_json, std::string const& where,
                                             std::vector<tensor_view> tensors);

/// What one safetensors file holds, of which its header is enough and which has no config.json: tensors, prefix and
/// whether linear layers are stored [in, out]. `model` says nothing.
[[nodiscard]] checkpoint describe_header(std::filesystem::path const& file);

}  // namespace constformer

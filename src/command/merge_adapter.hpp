#pragma once

#include <filesystem>
#include <vector>

#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/checkpoint/tensor.hpp"

namespace constformer::command {

/// Adds an adapter of PEFT's, a folder with adapter_config.json and adapter_model.safetensors, to the tensors of its
/// base in the names of transformers: W + scale·B·A in f32, rounded to the type of W. `made` owns what changes. Throws
/// `error` if it is no LoRA adapter of linear layers alone, or does not fit.
void merge_adapter(std::filesystem::path const& adapter, std::vector<tensor_view>& tensors, made_bytes& made);

}  // namespace constformer::command

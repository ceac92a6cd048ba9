#pragma once

#include <optional>
#include <string>
#include <vector>

#include "constformer/checkpoint/embedding.hpp"
#include "constformer/checkpoint/gguf.hpp"
#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

/// What a GGUF file says about a model, its tensors under Hugging Face's names and by name.
struct gguf_model {
  config model;                           ///< valid; tied, until a head of its own is found
  std::vector<tensor_view> tensors;       ///< with the family's usual prefix
  special_ids ids;                        ///< tokenizer.ggml's
  std::optional<pooling_kind> pooling{};  ///< the architecture's pooling_type, if it says one
  std::vector<unread_key> unread{};       ///< keys of the architecture that are not read
};

/// Reads the hyperparameters of general.architecture llama, qwen2, qwen3, phi3, gpt2, bert, gemma, gemma2 or t5. Where
/// llama.cpp's converter changes tensors, the config says so: llama's query and key rows are in Meta's order
/// (interleaved pairs), GPT-2's linear layers are (out, in), Gemma's norms hold 1 + w. Throws `error` naming the key or
/// tensor that is missing, wrong or not supported.
[[nodiscard]] gguf_model read_gguf_model(gguf_file const& file);

}  // namespace constformer

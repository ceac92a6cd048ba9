#pragma once

#include <string>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

/// A checkpoint as Hugging Face's files hold it; `storage` owns what had to be rearranged.
struct hugging_face_form {
  std::string config_json;                        ///< read back, it gives the checkpoint's config
  std::vector<tensor_view> tensors;               ///< F32, F16 or BF16
  std::vector<std::vector<std::byte>> storage{};  ///< what some of them view
};

/// The config.json of a checkpoint whose file has none (llama2.c, GGUF): with half-split rotary pairs, as transformers
/// wants them. Throws `error` if config.json cannot say what the config says.
[[nodiscard]] std::string hugging_face_config_text(checkpoint const& source);

/// Brings tensors from the order of llama2.c and GGUF to that of transformers: query and key rows from interleaved to
/// half-split pairs, GPT-2's linear layers to (in, out), blocks to float32. Nothing else changes a bit.
[[nodiscard]] hugging_face_form in_hugging_face_form(checkpoint const& source);

}  // namespace constformer

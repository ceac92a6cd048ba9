#pragma once

#include <span>
#include <string>
#include <string_view>

namespace constformer {

/// A tensor of GGUF and its name in Hugging Face's files, both without `.weight` and `.bias`; `*` is the layer.
struct gguf_name {
  std::string_view gguf;
  std::string_view hugging_face;
};

/// The names of one architecture; they are those of llama.cpp's converter.
/// @{
extern std::span<gguf_name const> const gguf_llama_names;
extern std::span<gguf_name const> const gguf_qwen3_names;
extern std::span<gguf_name const> const gguf_phi3_names;
extern std::span<gguf_name const> const gguf_gpt2_names;
extern std::span<gguf_name const> const gguf_bert_names;
extern std::span<gguf_name const> const gguf_gemma2_names;
extern std::span<gguf_name const> const gguf_t5_names;        ///< without a gate (1.0)
extern std::span<gguf_name const> const gguf_t5_gated_names;  ///< 1.1
/// @}

/// The Hugging Face name of `name`; a tensor that is in no list keeps its own, and the checkpoint check names it.
[[nodiscard]] std::string hugging_face_name(std::span<gguf_name const> names, std::string_view name);

}  // namespace constformer

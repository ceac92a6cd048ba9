#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "constformer/checkpoint/open.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/config.hpp"

namespace constformer {

/// A config.json, or why there can be none; the other of the two is empty.
struct written_config {
  std::string text;     ///< read back, it gives the checkpoint's config
  std::string refusal;  ///< a sentence without the file's name, small at its beginning
};

/// The same function in the layout of transformers: rotary pairs half-split, Gemma's norms less 1, GPT-2 with biases.
[[nodiscard]] config as_transformers(config c);

/// The config.json of a checkpoint whose file has none (llama2.c, GGUF, torch files): it says `as_transformers` of its
/// config.
[[nodiscard]] written_config write_hugging_face_config(checkpoint const& source);

/// Tensors in an order that their files may not have; `storage` owns what had to be rearranged.
struct arranged_tensors {
  std::vector<tensor_view> tensors;               ///< F32, F16 or BF16, by name
  std::vector<std::vector<std::byte>> storage{};  ///< what some of them view
};

/// Brings tensors from the order of other files to that of transformers: query and key rows from interleaved to
/// half-split pairs, GPT-2's linear layers to (in, out), 1 taken off Gemma's norms, blocks to float32. Nothing else
/// changes a bit. Throws `error` if a norm is none that a weight plus 1 gives.
[[nodiscard]] arranged_tensors in_transformers_order(checkpoint const& source);

/// A checkpoint as Hugging Face's files hold it.
struct hugging_face_form : arranged_tensors {
  std::string config_json;  ///< read back, it gives the checkpoint's config
};

/// The same, with zeros for biases that GPT-2 must have. Throws `error` if there is no config.json for them.
[[nodiscard]] hugging_face_form in_hugging_face_form(checkpoint const& source);

}  // namespace constformer

#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/tensor.hpp"

namespace constformer {

/// The tensors of one or several safetensors files, each name once.
struct safetensors_content {
  std::vector<tensor_view> tensors;   ///< F32, F16 and BF16, by name
  std::vector<unread_tensor> unread;  ///< all other types, by name
};

/// Reads a safetensors file that is in memory: 8 bytes of header length, a JSON header, the data
/// (huggingface.co/docs/safetensors). `where` names it in messages. Throws `error` if the header is not what the format
/// asks for: tensors must lie end to end, without gap or overlap, from the first byte of the data to the last, and each
/// as long as its type and shape say.
[[nodiscard]] safetensors_content read_safetensors(std::span<std::byte const> file, std::string_view where);

/// Bytes of tensors that no file holds as they are; moving the list leaves them where they are.
using made_bytes = std::vector<std::vector<std::byte>>;

/// Reads the tensors of a folder: model.safetensors, or the shards that model.safetensors.index.json names, or
/// pytorch_model.bin or its shards. What it maps is added to `files`, what it has to copy to `made`. Throws `error`
/// also if a shard is missing or the index and the shards do not hold the same tensors. With `shapes_only` the data
/// behind the headers of safetensors may be missing, and reads as zeros.
[[nodiscard]] safetensors_content read_weights_folder(std::filesystem::path const& folder,
                                                      std::vector<mapped_file>& files, made_bytes& made,
                                                      bool shapes_only = false);

}  // namespace constformer

#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "constformer/checkpoint/gguf.hpp"
#include "json.hpp"

namespace constformer {

/// What a folder without a config.json, or without weights that are read, holds instead and what to do with it, as the
/// end of a sentence; empty if nothing in it is known.
[[nodiscard]] std::string what_folder_holds(std::filesystem::path const& folder);

/// The same of a file that is no checkpoint by itself, by its first bytes.
[[nodiscard]] std::string what_file_is(std::span<std::byte const> file);

/// The same of a GGUF file that is no model, or not a whole one.
[[nodiscard]] std::string what_gguf_is(gguf_file const& file);

/// Refuses a config.json whose weights are quantised, of a mixture of experts, of several modalities, of MLX or of
/// diffusers, saying what it is and what to do. To be called before the model_type is looked for.
void refuse_foreign_config(json_fields const& fields);

/// What a tensor of that name is a part of that is not read (a quantised matrix, an adapter) and what to do; empty if
/// the name says nothing.
[[nodiscard]] std::string what_tensor_is_of(std::string_view name);

}  // namespace constformer

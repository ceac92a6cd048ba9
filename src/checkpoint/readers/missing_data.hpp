#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

#include "constformer/checkpoint/mapped_file.hpp"

namespace constformer {

/// Whether a file begins as safetensors do: the length of a header, and the brace that opens it.
[[nodiscard]] bool is_safetensors(std::span<std::byte const> file);

/// Bytes that the safetensors file which begins with `file` has with its data. Throws `error` if its header is not
/// whole or not what the format asks for; `where` names it.
[[nodiscard]] std::size_t whole_safetensors_bytes(std::span<std::byte const> file, std::string_view where);

/// Maps a file of weights of which only the header must be there: the data that is missing reads as zeros.
[[nodiscard]] mapped_file map_without_data(std::filesystem::path const& path);

}  // namespace constformer

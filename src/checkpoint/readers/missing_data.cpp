#include "missing_data.hpp"

#include <cstddef>
#include <filesystem>

#include "constformer/checkpoint/gguf.hpp"

namespace constformer {

namespace {

// Where the data of a GGUF file ends stands behind all of its metadata. More than any model has, and only addresses:
// nothing of it takes memory.
constexpr std::size_t beyond_any_model = std::size_t{1} << 42;

}  // namespace

mapped_file map_without_data(std::filesystem::path const& path) {
  mapped_file header(path);
  if (is_gguf(header.bytes())) return mapped_file(path, beyond_any_model);
  if (is_safetensors(header.bytes())) return mapped_file(path, whole_safetensors_bytes(header.bytes(), path.string()));
  return header;
}

}  // namespace constformer

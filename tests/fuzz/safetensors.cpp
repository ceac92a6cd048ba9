#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "constformer/checkpoint/safetensors.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/error.hpp"

namespace {

// What was accepted can be read from end to end: the first and the last row of each tensor.
void read_edges(constformer::tensor_view const& tensor) {
  auto const [rows, columns] = constformer::matrix_of(tensor);
  if (rows == 0 || columns == 0) return;
  std::vector<float> row(static_cast<std::size_t>(columns));
  constformer::read_rows_f32(tensor, 0, 1, row);
  constformer::read_rows_f32(tensor, rows - 1, 1, row);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  try {
    auto const content = constformer::read_safetensors(std::as_bytes(std::span(data, size)), "input");
    std::size_t covered = 0;
    for (auto const& tensor : content.tensors) {
      covered += tensor.bytes.size();
      read_edges(tensor);
    }
    if (covered > size) std::abort();
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

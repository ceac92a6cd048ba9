#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "checkpoint/readers/torch.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/error.hpp"

namespace {

// What was accepted can be read from end to end.
void read_all(constformer::tensor_view const& tensor) {
  auto const [rows, columns] = constformer::matrix_of(tensor);
  if (rows == 0 || columns == 0) return;
  std::vector<float> row(static_cast<std::size_t>(columns));
  constformer::read_rows_f32(tensor, 0, 1, row);
  constformer::read_rows_f32(tensor, rows - 1, 1, row);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  try {
    constformer::made_bytes made;
    for (auto const& tensor :
         constformer::read_torch_state(std::as_bytes(std::span(data, size)), "input", made).tensors)
      read_all(tensor);
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "constformer/checkpoint/llama2c.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  try {
    auto const content = constformer::read_llama2c(std::as_bytes(std::span(data, size)), "input");
    std::size_t covered = 0;
    for (auto const& tensor : content.tensors) {
      covered += tensor.bytes.size() + tensor.scales.size();
      auto const values = static_cast<std::size_t>(constformer::count_of(tensor.shape));
      bool const grouped = tensor.group > 0;
      if (values * (grouped ? 1 : 4) != tensor.bytes.size()) std::abort();
      if (grouped && tensor.scales.size() != values / static_cast<std::size_t>(tensor.group) * 4) std::abort();
      auto const [rows, columns] = constformer::matrix_of(tensor);
      std::vector<float> row(static_cast<std::size_t>(columns));
      constformer::read_rows_f32(tensor, rows - 1, 1, row);
    }
    if (covered > size) std::abort();
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

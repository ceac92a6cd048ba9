#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "constformer/checkpoint/ctranslate2.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/config/rules.hpp"
#include "constformer/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  try {
    auto const content = constformer::read_ctranslate2(std::as_bytes(std::span(data, size)), "input");
    for (auto const& tensor : content.tensors) {
      auto const [rows, columns] = constformer::matrix_of(tensor);
      std::vector<float> row(static_cast<std::size_t>(columns));
      constformer::read_rows_f32(tensor, rows - 1, 1, row);
    }
    if (!constformer::first_misfit(constformer::ctranslate2_config(content, 0, "input")).empty()) std::abort();
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

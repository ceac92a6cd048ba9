#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "constformer/checkpoint/llama2c.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  try {
    auto const content = constformer::read_llama2c(std::as_bytes(std::span(data, size)), "input");
    std::size_t covered = 0;
    for (auto const& tensor : content.tensors) {
      covered += tensor.bytes.size();
      if (static_cast<std::size_t>(constformer::count_of(tensor.shape)) * 4 != tensor.bytes.size()) std::abort();
    }
    if (covered > size) std::abort();
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

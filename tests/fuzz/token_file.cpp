// A .bin of tokens: nanoGPT's, llm.c's.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/data/token_file.hpp"
#include "memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  memory_file const input(data, size);
  try {
    constformer::token_file const file(input.path());
    std::vector<std::int32_t> all(static_cast<std::size_t>(file.size()));
    file.read(0, all, 1 << 20);
    for (std::int32_t const id : all)
      if (id < 0 || id >= 1 << 20) std::abort();
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

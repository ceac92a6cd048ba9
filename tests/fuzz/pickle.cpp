#include <cstddef>
#include <cstdint>
#include <span>

#include "checkpoint/pickle.hpp"
#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  try {
    auto const root = constformer::read_pickle(std::as_bytes(std::span(data, size)), "input");
    for (std::size_t i = 0; i < root.size() && root.kind() == constformer::pickle_kind::dict; ++i) {
      static_cast<void>(root.key(i).size());
      static_cast<void>(root.value(i).size());
    }
    static_cast<void>(constformer::read_pickled_tokenizer({reinterpret_cast<char const*>(data), size}, "input"));
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

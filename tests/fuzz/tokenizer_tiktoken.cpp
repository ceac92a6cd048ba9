// Ranks of tiktoken; a table that is read is tried on a text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"
#include "text/sources/vocabulary.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  try {
    auto const tokens = constformer::text::read_ranks(bytes, "input");
    auto vocabulary = constformer::text::ranked_tokenizer(tokens, "input");
    vocabulary.splits = constformer::text::splits_of_gguf("tiktoken-cl100k").value().steps;
    auto const blob = constformer::pack(vocabulary);
    auto const opened = constformer::open_tokenizer(blob);
    static_cast<void>(opened->decode(opened->encode("The clock's 1987  caf\xC3\xA9 \n")));
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

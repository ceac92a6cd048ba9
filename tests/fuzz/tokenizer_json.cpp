// A tokenizer.json.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  try {
    auto const blob = constformer::pack(constformer::read_tokenizer_json(bytes, "input"));
    auto const tokens = constformer::open_tokenizer(blob);
    auto const ids = tokens->encode("The clock's 1987 <s>[SEP] caf\xC3\xA9 \xE6\x99\x82  \n\xFF");
    static_cast<void>(tokens->decode(ids));
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

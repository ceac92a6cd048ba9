// A tokenizer blob, as a damaged packed file would have it.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/text/tokenizer.hpp"
#include "text/blob_format.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::vector<std::byte> blob(size);
  for (std::size_t i = 0; i < size; ++i) blob[i] = static_cast<std::byte>(data[i]);
  try {
    auto const tokens = constformer::open_tokenizer(blob);
    auto const ids = tokens->encode("The clock's 1987 <s>[SEP] caf\xC3\xA9 \xE6\x99\x82  \n\xFF");
    static_cast<void>(tokens->decode(ids));
    static_cast<void>(tokens->encode_pair("a b", "c"));
    static_cast<void>(tokens->find("the"));
    auto const stream = tokens->stream();
    for (int id = 0; id < tokens->vocab_size() && id < 300; ++id) stream->push(id);
    static_cast<void>(stream->flush());
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

// A SentencePiece model, by itself and as ChatGLM-6B's.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "constformer/core/error.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "text/sources/chatglm.hpp"

namespace {

void use(constformer::tokenizer_data const& data) {
  auto const blob = constformer::pack(data);
  auto const tokens = constformer::open_tokenizer(blob);
  auto const ids = tokens->encode("The clock's 1987 <s>[SEP] caf\xC3\xA9 \xE6\x99\x82  \n\xFF");
  static_cast<void>(tokens->decode(ids));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  try {
    auto read = constformer::read_sentencepiece_model(bytes, "input");
    use(read);
    constformer::text::complete_chatglm_6b(read, 3);
    use(read);
  } catch (constformer::error const&) {  // the one way to say no
  }
  return 0;
}

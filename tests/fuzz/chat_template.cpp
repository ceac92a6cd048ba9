#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "constformer/core/error.hpp"
#include "constformer/text/chat.hpp"

// The input is a template, and also what is said in a conversation.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  auto const format = constformer::recognise_chat_template(text);
  if (constformer::chat_format_of(constformer::words_of(format)) != format) std::abort();
  std::array const talk{constformer::chat_message{std::string(text)},
                        constformer::chat_message{std::string(text), true}};
  try {
    for (auto const& piece : constformer::render_chat(format, text, talk))
      if (piece.what == constformer::chat_piece::kind::text && piece.text.empty()) std::abort();
  } catch (constformer::error const&) {  // templates that are not known
    if (format.kind != constformer::chat_kind::unknown) std::abort();
  }
  return 0;
}

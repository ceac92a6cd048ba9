// JSON lines of conversations, rendered as nanochat and by templates, packed into rows.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/data/training_data.hpp"
#include "constformer/text/load.hpp"
#include "constformer/text/tokenizer.hpp"
#include "constformer/text/tokenizer_data.hpp"
#include "memory_file.hpp"

namespace {

// Bytes, and the special tokens of the formats.
std::vector<std::byte> make_tokenizer() {
  std::string chars;
  for (char c = ' '; c <= '~'; ++c) {
    chars += chars.empty() ? "\"" : ", \"";
    if (c == '"' || c == '\\') chars += '\\';
    chars += c;
    chars += '"';
  }
  auto data =
      constformer::read_character_vocab("{\"type\": \"char\", \"chars\": [\"\\n\", " + chars + "]}", "characters");
  data.special.unk = 0;
  for (char const* const token :
       {"<|bos|>", "<|user_start|>", "<|user_end|>", "<|assistant_start|>", "<|assistant_end|>", "<|python_start|>",
        "<|python_end|>", "<|output_start|>", "<|output_end|>", "<|im_start|>", "<|im_end|>"}) {
    data.added.push_back({static_cast<int>(data.vocabulary.size()), token, true});
    data.vocabulary.push_back({token, 0, constformer::piece_kind::control, false});
  }
  data.special.bos = data.special.eos = data.added.front().id;
  return constformer::pack(data);
}

void read_as(constformer::chat_format format, memory_file const& input, constformer::tokenizer const& text) {
  try {
    auto const data = constformer::open_training_data({.files = {input.path()},
                                                       .validation_share = 0.0,
                                                       .kind = constformer::data_kind::conversations,
                                                       .chat = format,
                                                       .sequences = 2,
                                                       .length = 16,
                                                       .buffer = 3},
                                                      &text, nullptr);
    for (int i = 0; i < 3; ++i)
      for (std::int32_t const id : data.train->next().tokens)
        if (id < 0 || id >= text.vocab_size()) std::abort();
    data.train->resume(data.train->position());
    data.train->next();
  } catch (constformer::error const&) {  // the one way to say no
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static std::vector<std::byte> const blob = make_tokenizer();
  static auto const text = constformer::open_tokenizer(blob);
  memory_file const input(data, size);
  read_as(constformer::chat_format::nanochat, input, *text);
  read_as(constformer::chat_format::chatml, input, *text);
  return 0;
}

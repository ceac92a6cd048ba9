#include "token_texts.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "../text/utf8.hpp"

namespace constformer::serve {

namespace {

// A token that stands before the others, so that none of them is the first of a text.
std::optional<int> some_letter(tokenizer const& text, int vocab) {
  for (std::string_view const piece : {"a", "e", "1", "the"})
    if (auto const id = text.find(piece)) return id;
  auto const stream = text.stream();
  for (int id = 0; id < vocab; ++id) {
    if (text.is_special(id)) continue;
    std::string const shown(stream->push(id));
    static_cast<void>(stream->flush());
    if (!shown.empty()) return id;
  }
  return std::nullopt;
}

// What the vocabulary says itself of a token of which no whole character comes.
std::string_view raw_bytes(tokenizer const& text, int id, char& byte) {
  auto const piece = text.piece(id);
  int const value = text::byte_of_token(piece);
  if (value < 0) return piece;
  byte = static_cast<char>(value);
  return {&byte, 1};
}

}  // namespace

token_texts::token_texts(tokenizer const& text, int vocab, std::span<int const> spelled) {
  begins_.reserve(static_cast<std::size_t>(vocab) + 1);
  begins_.push_back(0);
  auto const letter = some_letter(text, vocab);
  auto const stream = text.stream();
  int const known = std::min(vocab, text.vocab_size());
  for (int id = 0; id < vocab; ++id) {
    if (id < known && !text.is_special(id)) {
      if (letter) static_cast<void>(stream->push(*letter));
      std::string const shown(stream->push(id));
      // Bytes that are no character come as U+FFFD, at once or when nothing follows.
      bool const part = !stream->flush().empty() || shown.find(text::replacement_bytes) != std::string::npos;
      char byte = 0;
      bytes_ += part ? raw_bytes(text, id, byte) : std::string_view(shown);
    }
    if (std::ranges::find(spelled, id) != spelled.end()) bytes_ += text.piece(id);
    begins_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
}

}  // namespace constformer::serve

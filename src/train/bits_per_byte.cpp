#include "bits_per_byte.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace constformer::train {

namespace {

// SentencePiece's tokens for single bytes, <0x0A>.
bool is_byte(std::string_view piece) { return piece.size() == 6 && piece.starts_with("<0x") && piece.ends_with(">"); }

// Some token that is text, after which others are decoded: the first of a text may lose a blank.
int plain_token(tokenizer const& tokens) {
  for (int id = 0; id < tokens.vocab_size(); ++id)
    if (!tokens.is_special(id) && tokens.decode(std::array{id}).size() == 1) return id;
  return -1;
}

int bytes_of(tokenizer const& tokens, int id, int before, std::string_view text_before) {
  if (tokens.is_special(id)) return 0;
  std::string_view const piece = tokens.piece(id);
  std::string const both = tokens.decode(std::array{before, id});
  std::string_view const after = std::string_view(both).substr(std::min(text_before.size(), both.size()));
  if (after != piece && is_byte(piece)) return 1;
  bool const part = after.find("\xEF\xBF\xBD") != std::string_view::npos;  // of a character, shown as U+FFFD
  return static_cast<int>(part ? piece.size() : after.size());
}

}  // namespace

std::vector<int> bytes_of_tokens(tokenizer const& tokens) {
  std::vector<int> out(static_cast<std::size_t>(tokens.vocab_size()), 0);
  int const before = plain_token(tokens);
  if (before < 0) return out;
  std::string const text = tokens.decode(std::array{before});
  for (std::size_t id = 0; id < out.size(); ++id) out[id] = bytes_of(tokens, static_cast<int>(id), before, text);
  return out;
}

void bits_per_byte::add(learner& model, ragged_batch const& batch, double loss) {
  std::int64_t plain = 0, special = 0;
  auto const bytes = [&](std::int32_t id) {
    auto const at = static_cast<std::size_t>(id);
    return at < bytes_.size() ? bytes_[at] : 0;
  };
  for (std::int32_t const id : batch.targets) {
    if (id < 0) continue;
    counted_ += bytes(id);
    ++(bytes(id) > 0 ? plain : special);
  }
  if (plain == 0) return;
  if (special > 0) {
    ragged_batch without = batch;
    for (std::int32_t& id : without.targets)
      if (id >= 0 && bytes(id) == 0) id = -1;
    loss = model.evaluate(without);
  }
  nats_ += loss * static_cast<double>(plain);
}

std::optional<double> bits_per_byte::value() const {
  if (counted_ == 0) return std::nullopt;
  return nats_ / (std::numbers::ln2 * static_cast<double>(counted_));
}

}  // namespace constformer::train

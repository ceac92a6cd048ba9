#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "constformer/text/tokenizer.hpp"
#include "text/blob_reader.hpp"
#include "text/regex.hpp"
#include "text/trie.hpp"

namespace constformer::text {

/// Cuts the added tokens out of a text: leftmost first, longest among those that begin at one place.
class added_tokens {
 public:
  /// `which` is the trie of those matched in raw text or of those matched in rewritten text.
  added_tokens(blob_reader const& blob, section which);

  using text_sink = std::function<void(std::string_view text)>;
  using id_sink = std::function<void(int id)>;

  /// Calls `on_text` for the stretches between tokens and `on_id` for the tokens, in order. Without `specials` those
  /// marked special are passed over, and those that touch a `plain` range, too: their text is text.
  void split(std::string_view text, bool specials, std::span<text_range const> plain, text_sink const& on_text,
             id_sink const& on_id) const;

  /// Whether a token that is marked special is spelled in `text`.
  [[nodiscard]] bool has_special(std::string_view text) const;

  /// The id of the token that is spelled `text`.
  [[nodiscard]] std::optional<int> find(std::string_view text) const;

 private:
  [[nodiscard]] bool may_begin(char byte) const { return begins_[static_cast<unsigned char>(byte)]; }

  [[nodiscard]] bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) const;

  trie trie_;
  table<blob_added> added_;
  std::array<bool, 256> begins_{};
  regex word_;
};

}  // namespace constformer::text

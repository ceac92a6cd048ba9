#pragma once

#include <cstdint>
#include <string_view>

#include "text/blob_reader.hpp"
#include "text/trie.hpp"

namespace constformer::text {

/// SentencePiece's precompiled character map: a darts-clone double array from byte sequences to zero-ended
/// replacements.
class charsmap {
 public:
  explicit charsmap(blob_reader const& blob)
      : units_(blob.array<std::uint32_t>(section::charsmap_trie, "the character map")),
        text_(blob.text(section::charsmap_text)) {}

  struct match {
    std::size_t size = 0;  ///< bytes of the key; 0 if nothing matched
    std::string_view replacement;
  };

  /// The longest key that `text` starts with.
  [[nodiscard]] match longest(std::string_view text) const { return find(text, false); }

  /// The shortest one.
  [[nodiscard]] match shortest(std::string_view text) const { return find(text, true); }

 private:
  [[nodiscard]] match find(std::string_view text, bool first_is_enough) const;

  table<std::uint32_t> units_;
  std::string_view text_;
};

/// SentencePiece's normaliser (Normalizer::Normalize of libsentencepiece) over bytes that need not be UTF-8.
class sentencepiece_normalizer {
 public:
  explicit sentencepiece_normalizer(blob_reader const& blob);
  void apply(std::string_view text, std::string& out) const;

 private:
  struct prefix {
    std::string_view replacement;
    std::size_t size;
  };
  [[nodiscard]] prefix next(std::string_view text) const;
  void append_space(std::string& out) const;
  void append_escaped(std::string& out, std::string_view text) const;

  charsmap map_;
  trie user_symbols_;
  bool dummy_prefix_, remove_extra_, escape_, suffix_;
};

}  // namespace constformer::text

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/text/tokenizer.hpp"
#include "data/token_stream.hpp"

namespace constformer::data {

/// The characters of a mapped text. Throws `error` with the byte at which it is no UTF-8.
std::string_view text_of(mapped_file const& file);

/// The ids of a text, with nothing added; errors name where it stands.
std::vector<int> encode_plain(tokenizer const& text, std::string_view document, std::string const& where);

/// Token files of text, made once and found again by their names, which tell what they were made of.
class text_tokens {
 public:
  /// `cache`: their folder, which is made; empty: the system's temporary folder.
  text_tokens(tokenizer const& text, std::filesystem::path cache);

  /// Tokens of files, each a document with an end between it and the next, if the vocabulary has one.
  [[nodiscard]] token_range tokens_of(std::vector<std::filesystem::path> const& files) const;

  /// The same, the last `share` of all characters apart. Both must have some.
  struct parts {
    token_range train, validation;
  };
  [[nodiscard]] parts parts_of(std::vector<std::filesystem::path> const& files, double share) const;

 private:
  struct document;
  [[nodiscard]] token_range made_of(std::vector<document> const& documents) const;

  tokenizer const& text_;
  std::filesystem::path cache_;
};

}  // namespace constformer::data

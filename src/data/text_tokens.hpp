#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/text/tokenizer.hpp"
#include "data/token_stream.hpp"

namespace constformer::data {

/// The characters of a mapped text. Throws `error` with the byte at which it is no UTF-8.
std::string_view text_of(mapped_file const& file);

/// Throws `error` with the byte at which `text` is no UTF-8.
void judge_utf8(std::string_view text);

/// The ids of a text, with nothing added; errors name where it stands, a byte that is no UTF-8 among them.
std::vector<int> encode_plain(tokenizer const& text, std::string_view document, std::string const& where);

/// A number that tells tokenizers apart: of all pieces and of how they cut a text that is hard to cut.
std::uint64_t fingerprint(tokenizer const& text);

/// A hash that bytes are added to.
std::uint64_t mixed(std::uint64_t hash, std::string_view bytes);

/// The file NAME-FINGERPRINT.bin in a cache.
std::filesystem::path name_in(std::filesystem::path const& cache, char const* name, std::uint64_t fingerprint);

/// The folder for files that are made once, which is made; empty: one in the system's temporary folder.
std::filesystem::path make_cache(std::filesystem::path const& asked);

/// Token files of text, made once and found again by their names, which tell what they were made of.
class text_tokens {
 public:
  /// `cache`: as `make_cache` takes it.
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

#pragma once

#include <string>
#include <string_view>

namespace constformer::text {

/// Questions about code points; tools/unicode_tables.py says where the answers come from.

bool is_white_space(char32_t c);
bool is_punctuation(char32_t c);      ///< what BERT's splitter isolates, ASCII symbols included
bool is_nonspacing_mark(char32_t c);  ///< what the BERT normaliser drops behind NFD
bool is_combining_mark(char32_t c);
bool is_cleaned_away(char32_t c);  ///< control, format and private characters, U+0000 and U+FFFD
bool is_chinese(char32_t c);       ///< CJK ideographs, with the ranges the tokenizers library has

/// Appends the lower case of one code point, without regard to its neighbours.
void append_lowercase(std::string& out, char32_t c);

/// Canonical decomposition (NFD) of valid UTF-8.
std::string decomposed(std::string_view text);

/// Canonical composition (NFC) of valid UTF-8.
std::string composed(std::string_view text);

}  // namespace constformer::text

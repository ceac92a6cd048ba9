#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace constformer::text {

inline constexpr char32_t replacement_character = 0xFFFD;
inline constexpr std::string_view replacement_bytes = "\xEF\xBF\xBD";
/// U+2581, which SentencePiece writes for a blank.
inline constexpr std::string_view space_symbol = "\xE2\x96\x81";

/// One decoded place of a byte sequence.
struct code_point {
  char32_t value = replacement_character;
  std::size_t size =
      1;  ///< bytes it takes; for damage: the longest part of a valid sequence (WHATWG, Python), at least 1
  bool valid = false;
  bool truncated = false;  ///< not valid because the text ends, but a good beginning
};

/// Decodes the first character of `text`, which is not empty.
code_point decode_first(std::string_view text);

/// Appends the UTF-8 of `value`.
void append_utf8(std::string& out, char32_t value);

/// The first byte that is no valid UTF-8, or text.size().
std::size_t find_invalid_utf8(std::string_view text);

/// Appends `text` with each damaged part as one U+FFFD, as Python's errors="replace" does.
void append_replaced(std::string& out, std::string_view text);

/// Bytes of the character that the first byte announces; 1 for continuation bytes. What libsentencepiece steps by.
inline std::size_t announced_length(char first) {
  auto const high = static_cast<unsigned char>(first) >> 4;
  return high < 12 ? 1 : high < 14 ? 2 : high < 15 ? 3 : 4;
}

/// Bytes of the first character of valid UTF-8.
inline std::size_t character_length(char first) { return announced_length(first); }

inline bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u; }

/// The byte a token like `<0x0A>` stands for, or -1.
int byte_of_token(std::string_view text);

/// `<0x0A>` of a byte.
std::string token_of_byte(int byte);

}  // namespace constformer::text

#include "text/utf8.hpp"

#include <cstring>

namespace constformer::text {
namespace {

/// What the first byte of a sequence announces: its length and the range of its second byte, which excludes overlong
/// forms, surrogates and values above U+10FFFF (Unicode, table 3-7).
struct lead {
  std::size_t length;
  unsigned char low, high;
};

lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

code_point decode_first(std::string_view text) {
  auto const at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  lead const l = lead_of(at(0));
  if (l.length == 1) return {at(0), 1, true, false};
  if (l.length == 0) return {};
  char32_t value = at(0) & (0xFFu >> (l.length + 1));
  for (std::size_t i = 1; i < l.length; ++i) {
    if (i == text.size()) return {replacement_character, i, false, true};
    if (i == 1 ? (at(1) < l.low || at(1) > l.high) : !is_continuation(text[i]))
      return {replacement_character, i, false, false};
    value = (value << 6) | (at(i) & 0x3Fu);
  }
  return {value, l.length, true, false};
}

void append_utf8(std::string& out, char32_t value) {
  auto const put = [&](char32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | (value >> 6));
    put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | (value >> 12));
    put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | (value >> 18));
    put(0x80 | ((value >> 12) & 0x3F));
    put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  }
}

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    // Eight ASCII bytes at a time.
    std::uint64_t word = 0;
    if (at + sizeof word <= text.size()) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if ((word & 0x8080808080808080u) == 0) {
        at += sizeof word;
        continue;
      }
    }
    code_point const c = decode_first(text.substr(at));
    if (!c.valid) return at;
    at += c.size;
  }
  return at;
}

void append_replaced(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t const good = find_invalid_utf8(text);
    out.append(text.substr(0, good));
    text.remove_prefix(good);
    if (text.empty()) return;
    out.append(replacement_bytes);
    text.remove_prefix(decode_first(text).size);
  }
}

int byte_of_token(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return -1;
  int value = 0;
  for (char const c : text.substr(3, 2)) {
    int const digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

std::string token_of_byte(int byte) {
  constexpr char digits[] = "0123456789ABCDEF";
  return {'<', '0', 'x', digits[(byte >> 4) & 15], digits[byte & 15], '>'};
}

}  // namespace constformer::text

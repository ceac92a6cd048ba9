#include "text/byte_alphabet.hpp"

#include <array>

#include "text/utf8.hpp"

namespace constformer::text {
namespace {

constexpr int alphabet_end = 256 + 68;

constexpr bool is_printable(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

struct alphabet {
  std::array<char16_t, 256> of_byte{};
  std::array<std::int16_t, alphabet_end> to_byte{};
};

constexpr alphabet make_alphabet() {
  alphabet a;
  a.to_byte.fill(-1);
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    int const value = is_printable(byte) ? byte : next++;
    a.of_byte[static_cast<std::size_t>(byte)] = static_cast<char16_t>(value);
    a.to_byte[static_cast<std::size_t>(value)] = static_cast<std::int16_t>(byte);
  }
  return a;
}

constexpr alphabet table = make_alphabet();

}  // namespace

char32_t alphabet_of_byte(unsigned char byte) { return table.of_byte[byte]; }

void append_alphabet(std::string& out, std::string_view bytes) {
  for (char const c : bytes) append_utf8(out, alphabet_of_byte(static_cast<unsigned char>(c)));
}

std::optional<std::string> bytes_of_alphabet(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    code_point const c = decode_first(text);
    if (!c.valid || c.value >= alphabet_end || table.to_byte[c.value] < 0) return std::nullopt;
    out.push_back(static_cast<char>(table.to_byte[c.value]));
    text.remove_prefix(c.size);
  }
  return out;
}

}  // namespace constformer::text

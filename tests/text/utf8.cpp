#include "text/utf8.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace constformer::text;

namespace {

std::string replaced(std::string_view text) {
  std::string out;
  append_replaced(out, text);
  return out;
}

}  // namespace

// What Python's bytes.decode("utf-8", "replace") gives, with U+FFFD as '?'.
TEST_CASE("utf8: damage is replaced as Python does it") {
  struct expectation {
    std::string_view bytes, text;
  };
  constexpr expectation cases[] = {{"plain", "plain"},
                                   {"\xC3\xA9", "\xC3\xA9"},
                                   {"\x80", "?"},
                                   {"\xC3", "?"},
                                   {"\xC3(", "?("},
                                   {"\xC0\xAF", "??"},
                                   {"\xE0\x80\xAF", "???"},
                                   {"\xE2\x82", "?"},
                                   {"\xE2\x82z", "?z"},
                                   {"\xED\xA0\x80", "???"},
                                   {"\xF0\x9F\x98", "?"},
                                   {"\xF0\x9F\x98z", "?z"},
                                   {"\xF0\x80\x80\x80", "????"},
                                   {"\xF4\x90\x80\x80", "????"},
                                   {"\xF5\x80", "??"},
                                   {"\xF0\x9F\x98\x81", "\xF0\x9F\x98\x81"},
                                   {"12345678\xFF"
                                    "12345678",
                                    "12345678?12345678"}};
  for (auto const& c : cases) {
    std::string expected;
    for (char const ch : c.text) expected += ch == '?' ? std::string(replacement_bytes) : std::string(1, ch);
    CAPTURE(std::string(c.text));
    CHECK(replaced(c.bytes) == expected);
    CHECK((find_invalid_utf8(c.bytes) == c.bytes.size()) == (c.bytes == c.text));
  }
}

TEST_CASE("utf8: every code point comes back") {
  for (char32_t c = 0; c < 0x110000; c += c < 0x1000 ? 1 : 37) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string bytes;
    append_utf8(bytes, c);
    code_point const back = decode_first(bytes);
    REQUIRE(back.valid);
    REQUIRE(back.value == c);
    REQUIRE(back.size == bytes.size());
  }
}

TEST_CASE("utf8: byte tokens") {
  CHECK(byte_of_token("<0x0A>") == 10);
  CHECK(byte_of_token("<0xff>") == 255);
  CHECK(byte_of_token("<0xG0>") == -1);
  CHECK(byte_of_token("<0x0A") == -1);
  CHECK(token_of_byte(0xAB) == "<0xAB>");
}

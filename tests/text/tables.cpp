#include <catch2/catch_test_macros.hpp>

#include "text/byte_alphabet.hpp"
#include "text/sources/onig_pattern.hpp"
#include "text/trie.hpp"
#include "text/unicode.hpp"
#include "text/utf8.hpp"

#include "support.hpp"

using namespace constformer::text;

TEST_CASE("tables: GPT-2's alphabet") {
  CHECK(alphabet_of_byte('A') == U'A');
  CHECK(alphabet_of_byte(' ') == U'\u0120');
  CHECK(alphabet_of_byte('\n') == U'\u010A');
  CHECK(alphabet_of_byte(0xAD) == U'\u0143');
  std::string all, mapped;
  for (int b = 0; b < 256; ++b) all.push_back(static_cast<char>(b));
  append_alphabet(mapped, all);
  CHECK(bytes_of_alphabet(mapped) == all);
  CHECK_FALSE(bytes_of_alphabet("a b"));
}

TEST_CASE("tables: canonical forms of Unicode") {
  struct forms {
    std::string_view text, composed, decomposed;
  };
  constexpr forms cases[] = {{"e\u0301", "\u00E9", "e\u0301"},
                             {"\u212B", "\u00C5", "A\u030A"},
                             {"\uAC01", "\uAC01", "\u1100\u1161\u11A8"},
                             {"\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8"},
                             {"a\u0301\u0323", "\u1EA1\u0301", "a\u0323\u0301"},
                             {"\u0958", "\u0915\u093C", "\u0915\u093C"},
                             {"\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307"},
                             {"\u0344", "\u0308\u0301", "\u0308\u0301"}};
  for (auto const& c : cases) {
    CHECK(composed(c.text) == c.composed);
    CHECK(decomposed(c.text) == c.decomposed);
  }
}

TEST_CASE("tables: lower case, one code point at a time") {
  auto const lower = [](char32_t c) {
    std::string out;
    append_lowercase(out, c);
    return out;
  };
  CHECK(lower(U'A') == "a");
  CHECK(lower(U'z') == "z");
  CHECK(lower(U'\u0130') == "i\u0307");
  CHECK(lower(U'\u03A3') == "\u03C3");
  CHECK(lower(U'\u1E9E') == "\u00DF");
  CHECK(lower(U'\u0101') == "\u0101");
}

TEST_CASE("tables: tries find the longest key") {
  auto const bytes = build_trie({{"a", 1}, {"abc", 2}, {"\xE2\x96\x81", 3}, {"ab\xFF", 4}, {"a", 9}});
  trie const t(bytes);
  CHECK(t.longest("abd").size == 1);
  CHECK(t.longest("abd").value == 1);
  CHECK(t.longest("abcd").value == 2);
  CHECK(t.longest("ab\xFFx").value == 4);
  CHECK(t.longest("\xE2\x96\x81").value == 3);
  CHECK(t.longest("b").size == 0);
  CHECK(t.longest("").size == 0);
  CHECK(trie().longest("a").size == 0);
}

TEST_CASE("tables: patterns of Oniguruma in PCRE2's syntax") {
  CHECK(pcre_of_onig("a|b", "f") == "a|b");
  CHECK(pcre_of_onig("\\h", "f") == "[0-9a-fA-F]");
  CHECK(pcre_of_onig("^a", "f") == "(?m)^a");
  CHECK(pcre_of_onig("[^a]\\u00e9", "f") == "[^a]\\x{00e9}");
  auto const message = [](char const* pattern) {
    return text_test::message_of([&] { static_cast<void>(pcre_of_onig(pattern, "f")); });
  };
  CHECK(message("[a&&b]") == "f: a splitting pattern has an intersection of classes (&&), which is not supported");
  CHECK(message("[a[b]]") == "f: a splitting pattern has a class within a class, which is not supported");
  CHECK(message("(a").starts_with("f: tokenizer: splitting pattern, character 2 of 2: "));
}

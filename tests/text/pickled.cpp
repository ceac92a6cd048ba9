// nanochat's tokenizer.pkl, as it should be and damaged. That its ids are tiktoken's is in fixtures.cpp.
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "constformer/text/chat.hpp"
#include "constformer/text/load.hpp"
#include "support.hpp"
#include "text/sources/onig_pattern.hpp"

using namespace constformer;
using namespace text_test;

namespace {

std::string sized(char code, std::string_view text) {
  return std::string(1, code) + static_cast<char>(text.size()) + std::string(text);
}
std::string pickled(std::string_view text) { return sized('\x8c', text); }
std::string pickled_bytes(std::string_view bytes) { return sized('C', bytes); }
std::string pickled(int value) {
  return std::string(1, 'M') + static_cast<char>(value & 0xFF) + static_cast<char>(value >> 8);
}

std::string dict_of(std::vector<std::pair<std::string, std::string>> const& pairs) {
  std::string out = "}(";
  for (auto const& [key, value] : pairs) out.append(key).append(value);
  return out + "u";
}

// The 256 bytes in turn, then "ab", with one pair put instead of the last.
std::string ranks(std::string const& token = pickled_bytes("ab"), int rank = 256) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (int byte = 0; byte < 256; ++byte)
    pairs.emplace_back(pickled_bytes(std::string(1, static_cast<char>(byte))), pickled(byte));
  pairs.emplace_back(token, pickled(rank));
  return dict_of(pairs);
}

std::string special(std::string const& token = pickled("<|bos|>"), int id = 257) {
  return dict_of({{token, pickled(id)}});
}

std::string encoding(std::string const& state) {
  return "\x80\x04"
         "ctiktoken.core\nEncoding\n)\x81" +
         state + "b.";
}

std::string encoding(std::string const& pattern, std::string const& mergeable_ranks,
                     std::string const& special_tokens) {
  return encoding(dict_of({{pickled("name"), pickled("rustbpe")},
                           {pickled("pat_str"), pickled(pattern)},
                           {pickled("mergeable_ranks"), mergeable_ranks},
                           {pickled("special_tokens"), special_tokens}}));
}

std::string refusal(std::string const& file) {
  return message_of([&] { static_cast<void>(read_pickled_tokenizer(file, "p")); });
}

}  // namespace

TEST_CASE("pickled: tiktoken's encoding") {
  opened const tokens = text_test::open(read_pickled_tokenizer(encoding("\\S+|\\s", ranks(), special()), "p"));
  CHECK(tokens->encode("ab b") == std::vector<int>{257, 256, ' ', 'b'});
  CHECK(tokens->encode("<|bos|>a", {.add_special = false}) == std::vector<int>{257, 'a'});
  CHECK(tokens->special().bos == 257);
  CHECK(tokens->decode(std::vector<int>{257, 256}) == "ab");
}

TEST_CASE("pickled: nanochat's vocabulary renders nanochat's conversations") {
  opened const tokens = open(fixtures() / "nanochat" / "tokenizer.pkl");
  auto const* const known = built_in_chat_template_for(*tokens.tokens);
  REQUIRE(known != nullptr);
  CHECK(known->name == "nanochat");
  chat_templates names;
  add_token_names(names, *tokens.tokens);
  std::vector<chat_message> const talk{{"user", "a"}, {"assistant", "b"}, {"user", "<|bos|>"}};
  chat_template const format(known->jinja);
  chat_input const input{.messages = chat_messages_json(talk), .tokens = names.tokens};
  std::vector<int> expected{420, 421, 'a', 422, 423, 'b', 424, 421};
  auto const plain = tokens->encode("<|bos|>", {.add_special = false, .parse_special = false});
  expected.insert(expected.end(), plain.begin(), plain.end());
  expected.insert(expected.end(), {422, 423});
  CHECK(encode_chat(format.render(input), *tokens.tokens) == expected);
  CHECK(reply_ends(format, input, *tokens.tokens) == std::vector{420, 424});
}

TEST_CASE("pickled: encodings that are damaged, and what else a pickle may name") {
  std::string const pattern = "\\S+|\\s";
  CHECK(refusal("\x80\x04"
                "cos\nsystem\n" +
                pickled("true") + "\x85R.") ==
        "p: asks for os.system at byte 2, only tensors, containers and scalars are read");
  CHECK(refusal(encoding("ctiktoken\nget_encoding\n")) ==
        "p: asks for tiktoken.get_encoding at byte 28, only tensors, containers and scalars are read");
  CHECK(refusal(encoding(pickled("gpt2"))) == "p: names tiktoken's encoding gpt2 and does not hold it");
  CHECK(refusal(encoding("N")) == "p: its encoding has no dict of fields, as tiktoken pickles it");
  CHECK(refusal(encoding(dict_of({{pickled("pat_str"), pickled("a")}}))) == "p: its encoding has no mergeable_ranks");
  CHECK(refusal(encoding(pattern, "N", special())) == "p: mergeable_ranks is None, it must be a dict");
  CHECK(refusal(encoding(pattern, ranks(pickled_bytes("ab"), 300), special())) ==
        "p: mergeable_ranks has rank 300 and 257 entries");
  CHECK(refusal(encoding(pattern, ranks(pickled_bytes("ab"), 7), special())) ==
        "p: the token of rank 7 is empty or comes twice");
  CHECK(refusal(encoding(pattern, ranks(pickled("ab")), special())) ==
        "p: a token of mergeable_ranks is a text, it must be bytes");
  CHECK(refusal(encoding(pattern, dict_of({{pickled_bytes("a"), pickled(0)}}), special())) ==
        "p: has no token for the byte 0");
  CHECK(refusal(encoding(pattern, ranks(), special(pickled("<|bos|>"), 9))) ==
        "p: special token \"<|bos|>\" has id 9, which is no id of its own behind 257 ranks");
  CHECK(refusal(encoding(pattern, ranks(), special(pickled("\xff")))) == "p: a special token is not a text");
  CHECK(refusal(encoding("a(?m)$", ranks(), special())) ==
        "p: a splitting pattern has the flag m, which is not supported");
  CHECK(refusal(encoding("(", ranks(), special())).starts_with("p: tokenizer: splitting pattern, character 1 of 1"));
}

TEST_CASE("pickled: patterns of Rust are those of PCRE2, but for the ends of the text") {
  CHECK(constformer::text::pcre_of_rust("^a$|[$^m](?i:m)", "p") == "\\Aa\\z|[$^m](?i:m)");
}

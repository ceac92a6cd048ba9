#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <random>

#include "support.hpp"
#include "text/utf8.hpp"

using namespace constformer;
using namespace text_test;

TEST_CASE("streams: what is printed is whole characters, and together what decode returns") {
  auto const name = GENERATE(as<std::string>{}, "gpt2", "llama3", "bert", "spm_bpe", "spm_unigram", "spm_symbols_bpe",
                             "llama2c", "t5", "chatglm_6b");
  opened const tokens = open(fixtures() / name);
  std::mt19937 random(7);
  std::uniform_int_distribution<int> id(0, tokens->vocab_size() - 1), length(0, 12);
  for (int round = 0; round < 300; ++round) {
    std::vector<int> ids(static_cast<std::size_t>(length(random)));
    for (int& i : ids) i = id(random);
    auto const stream = tokens->stream();
    std::string all;
    for (int const i : ids) {
      std::string const part(stream->push(i));
      REQUIRE(text::find_invalid_utf8(part) == part.size());
      all += part;
    }
    all += stream->flush();
    REQUIRE(all == tokens->decode(ids));
  }
}

TEST_CASE("streams: a character of several tokens waits for its last byte") {
  opened const tokens = open(fixtures() / "gpt2");
  auto const ids = tokens->encode("\xF0\x9F\x98\x81");
  REQUIRE(ids.size() > 1);
  auto const stream = tokens->stream();
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) CHECK(stream->push(ids[i]).empty());
  CHECK(stream->push(ids.back()) == "\xF0\x9F\x98\x81");
  CHECK(stream->flush().empty());
}

TEST_CASE("streams: what is cut off in a character becomes U+FFFD at the end") {
  opened const tokens = open(fixtures() / "gpt2");
  auto const ids = tokens->encode("\xF0\x9F\x98\x81");
  auto const stream = tokens->stream();
  CHECK(stream->push(ids.front()).empty());
  CHECK(stream->flush() == "\xEF\xBF\xBD");
}

TEST_CASE("streams: byte tokens print characters as they are complete") {
  opened const tokens = open(fixtures() / "llama2");
  auto const byte = [&](int value) { return tokens->find(text::token_of_byte(value)).value(); };
  auto const stream = tokens->stream();
  CHECK(stream->push(byte(0xC3)).empty());
  CHECK(stream->push(byte(0xA9)) == "\xC3\xA9");
  CHECK(stream->push(byte(0xE2)).empty());
  CHECK(stream->push(tokens->find("a").value()) ==
        "\xEF\xBF\xBD"
        "a");
  // The library judges a run as a whole.
  CHECK(tokens->decode(std::vector{byte(0xC3), byte(0xA9), byte(0xE2)}) == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("streams: ids outside the vocabulary print nothing") {
  opened const tokens = open(fixtures() / "gpt2");
  auto const stream = tokens->stream();
  CHECK(stream->push(-1).empty());
  CHECK(stream->push(tokens->vocab_size()).empty());
  CHECK(message_of([&] { static_cast<void>(tokens->decode(std::vector{tokens->vocab_size()})); }) ==
        "id " + std::to_string(tokens->vocab_size()) + " is outside the vocabulary of " +
            std::to_string(tokens->vocab_size()) + " tokens");
}

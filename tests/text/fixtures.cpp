#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <utility>
#include <vector>

#include "constformer/text/load.hpp"
#include "support.hpp"
#include "text/sources/vocabulary.hpp"

using namespace constformer;
using namespace text_test;

// Every vocabulary of fixtures/ against the library it was trained with: ids with special tokens, and their text.
TEST_CASE("fixtures: ids and text are those of the original library") {
  auto const name =
      GENERATE(as<std::string>{}, "gpt2", "llama3", "qwen2", "o200k", "falcon", "added", "bert", "bert_lines",
               "bert_cased", "spm_bpe", "spm_unigram", "spm_symbols_bpe", "spm_symbols_unigram", "llama2c", "llama2",
               "mistral", "t5", "characters", "nanochat", "chatglm_6b", "chatglm_6b_first");
  opened const tokens = open(fixtures() / name);
  int cases = 0;
  for (auto const& c : read_json(fixtures() / name / "cases.json")) {
    CAPTURE(name, c.dump());
    if (c.contains("text")) CHECK(tokens->encode(c["text"].get<std::string>()) == ids_of(c["ids"]));
    CHECK(tokens->decode(ids_of(c["ids"])) == c["decoded"].get<std::string>());
    ++cases;
  }
  CHECK(cases > 10);
}

// What GGUF names and tiktoken's files know their patterns by is what tokenizer.json has in full.
TEST_CASE("fixtures: patterns that are known by name cut as those that are written out") {
  auto const [name, pre] =
      GENERATE(table<std::string, std::string>({{"llama3", "llama-bpe"}, {"qwen2", "qwen2"}, {"o200k", "gpt-4o"}}));
  tokenizer_data data = load_tokenizer_source(fixtures() / name / "tokenizer.json");
  auto splits = text::splits_of_gguf(pre);
  REQUIRE(splits);
  data.splits = std::move(splits->steps);
  opened const tokens = open(data);
  for (auto const& c : read_json(fixtures() / name / "cases.json")) {
    CAPTURE(name, c.dump());
    if (c.contains("text")) CHECK(tokens->encode(c["text"].get<std::string>()) == ids_of(c["ids"]));
  }
}

TEST_CASE("fixtures: a pair has segments") {
  auto const expected = read_json(fixtures() / "bert" / "pair.json");
  auto const name = GENERATE(as<std::string>{}, "bert", "bert_lines");
  encoded_pair const pair =
      open(fixtures() / name)->encode_pair(expected["first"].get<std::string>(), expected["second"].get<std::string>());
  CHECK(pair.ids == ids_of(expected["ids"]));
  CHECK(pair.segments == ids_of(expected["segments"]));
}

TEST_CASE("fixtures: special tokens are left out on request") {
  opened const bert = open(fixtures() / "bert");
  auto const with = bert->encode("the clock"), without = bert->encode("the clock", {.add_special = false});
  REQUIRE(with.size() == without.size() + 2);
  CHECK(std::vector<int>(with.begin() + 1, with.end() - 1) == without);
  CHECK(with.front() == bert->special().cls.value());
  CHECK(with.back() == bert->special().sep.value());
}

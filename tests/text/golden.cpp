#include <catch2/catch_test_macros.hpp>
#include <algorithm>
#include <cstdlib>

#include "support.hpp"

using namespace constformer;
using namespace text_test;
using nlohmann::json;

namespace {

// ids and decodes of libsentencepiece 0.2.3, without BOS and EOS.
void check_sentencepiece(std::string const& model, std::string const& golden) {
  opened const tokens = open(shared(model));
  json const file = read_json(shared(golden));
  REQUIRE(file["cases"].size() > 46);
  for (json const& c : file["cases"]) {
    auto const ids = ids_of(c["ids"]);
    CAPTURE(c["text"].dump());
    CHECK(tokens->encode(c["text"].get<std::string>(), {.add_special = false}) == ids);
    CHECK(tokens->decode(ids) == c["decoded"].get<std::string>());
  }
}

// ids of transformers with special tokens; the decoded text there has been cleaned up further and is checked elsewhere.
void check_transformers(std::string const& vocabulary, char const* name) {
  opened const tokens = open(shared(vocabulary));
  int cases = 0;
  json const file = read_json(shared("wordpiece/tokenizer_tests.json"));
  for (json const& c : file[name]) {
    CAPTURE(c["input"].dump());
    CHECK(tokens->encode(c["input"].get<std::string>()) == ids_of(c["encoded"]["input_ids"]));
    ++cases;
  }
  CHECK(cases == 18);
}

}  // namespace

TEST_CASE("golden: the SentencePiece test model") {
  check_sentencepiece("sentencepiece/google_test_model.model", "sentencepiece/golden/google_test_model_golden.json");
}

TEST_CASE("golden: T5's spiece.model") {
  check_sentencepiece("tiny-t5-ort/spiece.model", "tiny-t5-ort/golden/tiny_t5_spiece_golden.json");
}

TEST_CASE("golden: T5 adds its end token and knows its extra ids") {
  opened const tokens = open(shared("tiny-t5-ort"));
  auto const ids = tokens->encode("a <extra_id_3> b");
  CHECK(ids.back() == tokens->special().eos.value());
  CHECK(std::find(ids.begin(), ids.end(), 32096) != ids.end());
}

TEST_CASE("golden: GPT-2's encoder") {
  opened const tokens = open(shared("gpt2-bpe/encoder.json"));
  json const golden = read_json(shared("gpt2-bpe/golden/gpt2_bpe_golden.json"));
  REQUIRE(golden["cases"].size() == 7);
  for (json const& c : golden["cases"]) {
    CHECK(tokens->encode(c[0].get<std::string>()) == ids_of(c[1]));
  }
  CHECK(tokens->encode("a<|endoftext|>b") == std::vector<int>{64, 50256, 65});
  CHECK(tokens->encode("<|endoftext|>", {.parse_special = false}).size() > 1);
}

TEST_CASE("golden: transformers' BERT") { check_transformers("wordpiece/bert-vocab.txt", "bert-base-uncased"); }
TEST_CASE("golden: transformers' GPT-2") { check_transformers("gpt2-bpe/encoder.json", "distilgpt2"); }
TEST_CASE("golden: transformers' Llama 2") {
  check_transformers("llama2-tokenizer/tokenizer.model", "coreml-projects/Llama-2-7b-chat-coreml");
}

TEST_CASE("golden: long texts of transformers") {
  auto const check = [](std::string const& vocabulary, std::string const& file, bool special) {
    json const golden = read_json(shared(file));
    CHECK(open(shared(vocabulary))->encode(golden["text"].get<std::string>(), {.add_special = special}) ==
          ids_of(golden["token_ids"]));
  };
  check("wordpiece/bert-vocab.txt", "wordpiece/bert_uncased_encoded.json", true);
  check("gpt2-bpe/encoder.json", "wordpiece/gpt2_encoded_tokens.json", true);
  check("llama2-tokenizer/tokenizer.model", "wordpiece/llama_encoded.json", true);
}

TEST_CASE("golden: llama2.c prints the story of stories260K") {
  opened const tokens = open(shared("stories260K/tok512.bin"));
  json const golden = read_json(shared("stories260K/golden/stories260K_golden.json"));
  CHECK(tokens->decode(ids_of(golden["greedy_ids"])) == golden["text"].get<std::string>());
  CHECK(streamed(*tokens.tokens, ids_of(golden["greedy_ids"])) == golden["text"].get<std::string>());
}

TEST_CASE("golden: MiniLM's own files") {
  char const* const folder = std::getenv("CONSTFORMER_MINILM");
  if (folder == nullptr) SKIP("needs a MiniLM folder, named by CONSTFORMER_MINILM");
  json const golden = read_json(shared("minilm-golden/minilm_golden.json"));
  for (char const* const name : {"tokenizer.json", "vocab.txt"}) {
    opened const tokens = open(std::filesystem::path(folder) / name);
    for (json const& c : golden["cases"]) CHECK(tokens->encode(c["text"].get<std::string>()) == ids_of(c["ids"]));
  }
}

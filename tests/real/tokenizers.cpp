// Tokenizers of published models in programs of small models with another vocabulary: `tokenize` and `detokenize` run
// no model.
#include <catch2/catch_test_macros.hpp>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "checkpoints.hpp"
#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;
using nlohmann::json;

std::vector<int> tokenized(std::string const& model, std::string const& text) {
  std::istringstream in(output_of({model, "tokenize", "-f", "-"}, {.input = text}));
  return {std::istream_iterator<int>(in), {}};
}

// The cases of one tokenizer in the tests of swift-transformers: Hugging Face's own answers.
json published_cases(std::string const& tokenizer) {
  return read_json(shared_data("wordpiece") / "tokenizer_tests.json").at(tokenizer);
}

void check_cases(std::string const& model, json const& cases) {
  REQUIRE_FALSE(cases.empty());
  for (json const& one : cases) {
    CAPTURE(one.at("input").get<std::string>());
    CHECK(tokenized(model, one.at("input")) == one.at("encoded").at("input_ids").get<std::vector<int>>());
  }
}

// A long text with its ids.
void check_article(std::string const& model, std::string const& file) {
  auto const article = read_json(shared_data("wordpiece") / file);
  CHECK(tokenized(model, article.at("text")) == article.at("token_ids").get<std::vector<int>>());
}

}  // namespace

TEST_CASE("byte-level BPE: the vocabulary of GPT-2") {
  auto const model = tiny_gpt2();
  for (json const& one : read_json(shared_data("gpt2-bpe") / "golden" / "gpt2_bpe_golden.json").at("cases")) {
    std::string const text = one[0];
    auto const ids = one[1].get<std::vector<int>>();
    CHECK(tokenized(model, text) == ids);
    if (!ids.empty()) CHECK(output_of({model, "detokenize", "--ids", joined(ids, ',')}) == text + "\n");
  }
  check_cases(model, published_cases("distilgpt2"));
  check_article(model, "gpt2_encoded_tokens.json");
}

TEST_CASE("SentencePiece: the tokenizer.model of Llama 2") {
  auto const model = stories_v1();
  check_cases(model, published_cases("coreml-projects/Llama-2-7b-chat-coreml"));
  check_article(model, "llama_encoded.json");
}

TEST_CASE("WordPiece: the vocabulary of BERT") {
  auto const model = makemore();
  check_cases(model, published_cases("bert-base-uncased"));
  check_article(model, "bert_uncased_encoded.json");
}

// GGUF vocabularies made of the fixtures' own: the same ids must come out.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "../formats/gguf_bytes.hpp"
#include "constformer/text/load.hpp"
#include "support.hpp"

using namespace constformer;
using namespace text_test;
using namespace gguf_test;

namespace {

tokenizer_data read(std::vector<std::string> const& entries) {
  std::string const bytes = gguf_test::file(entries);
  return read_gguf_tokenizer(std::as_bytes(std::span(bytes)), "F");
}

std::string message(std::vector<std::string> const& entries) {
  return message_of([&] { static_cast<void>(read(entries)); });
}

void check_cases(tokenizer_data const& data, std::string const& name) {
  opened const tokens = text_test::open(data);
  int cases = 0;
  for (auto const& c : read_json(fixtures() / name / "cases.json")) {
    CAPTURE(name, c.dump());
    if (c.contains("text")) CHECK(tokens->encode(c["text"].get<std::string>()) == ids_of(c["ids"]));
    ++cases;
  }
  CHECK(cases > 10);
}

// What the converter makes of a SentencePiece model, whose types have the same numbers.
std::vector<std::string> sentencepiece_entries(char const* model, std::filesystem::path const& file) {
  tokenizer_data const d = read_sentencepiece_model(read_all(file), "model");
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<std::int32_t> types;
  for (vocabulary_entry const& e : d.vocabulary) {
    tokens.push_back(e.text);
    scores.push_back(static_cast<float>(e.score));
    types.push_back(static_cast<std::int32_t>(e.kind) + 1);
  }
  std::string charsmap;
  if (!d.charsmap_trie.empty()) {
    charsmap = number(static_cast<std::uint32_t>(4 * d.charsmap_trie.size()));
    for (std::uint32_t const unit : d.charsmap_trie) charsmap += number(unit);
    charsmap += d.charsmap_text;
  }
  return {str("tokenizer.ggml.model", model),
          texts("tokenizer.ggml.tokens", tokens),
          numbers("tokenizer.ggml.scores", 6, scores),
          numbers("tokenizer.ggml.token_type", 5, types),
          u32("tokenizer.ggml.unknown_token_id", static_cast<std::uint32_t>(d.special.unk.value())),
          flag("tokenizer.ggml.add_space_prefix", d.sentencepiece.add_dummy_prefix),
          flag("tokenizer.ggml.remove_extra_whitespaces", d.sentencepiece.remove_extra_whitespaces),
          flag("tokenizer.ggml.add_bos_token", false),
          flag("tokenizer.ggml.add_eos_token", false),
          list("tokenizer.ggml.precompiled_charsmap", 0, charsmap.size(), charsmap)};
}

std::vector<std::string> gpt2_entries(char const* pre) {
  auto const vocab = read_json(fixtures() / "gpt2" / "vocab.json");
  std::vector<std::string> tokens(vocab.size()), merges;
  for (auto const& [piece, id] : vocab.items()) tokens.at(id.get<std::size_t>()) = piece;
  std::istringstream lines(read_all(fixtures() / "gpt2" / "merges.txt"));
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && !line.starts_with("#version")) merges.push_back(line);
  std::vector<std::int32_t> types;
  for (std::string const& t : tokens) types.push_back(t == "<|endoftext|>" ? 3 : 1);
  return {str("tokenizer.ggml.model", "gpt2"), str("tokenizer.ggml.pre", pre), texts("tokenizer.ggml.tokens", tokens),
          numbers("tokenizer.ggml.token_type", 5, types), texts("tokenizer.ggml.merges", merges)};
}

}  // namespace

TEST_CASE("gguf: Unigram with its character map") {
  auto const entries = sentencepiece_entries("t5", fixtures() / "spm_unigram" / "spiece.model");
  tokenizer_data data = read(entries);
  CHECK(data.model == model_kind::unigram);
  data.added.clear();  // libsentencepiece takes control tokens in the text for text
  check_cases(data, "spm_unigram");
}

TEST_CASE("gguf: byte-level BPE splits as its name says") {
  check_cases(read(gpt2_entries("gpt-2")), "gpt2");
  auto const digits = [](char const* pre) { return text_test::open(read(gpt2_entries(pre)))->encode("1987").size(); };
  CHECK(digits("qwen2") == 4);
  CHECK(digits("starcoder") == 4);
  CHECK(digits("gpt-2") < 4);
  CHECK(message(gpt2_entries("odd")) == "F: key tokenizer.ggml.pre is \"odd\", which is not supported");
}

TEST_CASE("gguf: WordPiece in the converter's spelling") {
  std::vector<std::string> tokens;
  std::istringstream lines(read_all(fixtures() / "bert_lines" / "vocab.txt"));
  for (std::string line; std::getline(lines, line);) {
    bool const bracketed = line.starts_with("[") && line.ends_with("]") && line.size() > 1;
    tokens.push_back(bracketed ? line : line.starts_with("##") ? line.substr(2) : "\xE2\x96\x81" + line);
  }
  auto const model = str("tokenizer.ggml.model", "bert");
  auto const lower = flag("tokenizer.ggml.normalizer.lowercase", true);
  check_cases(read({model, texts("tokenizer.ggml.tokens", tokens), lower}), "bert_lines");
  // Without the key the pieces tell: these have capitals, and those that BERT's lower case left have none.
  auto const small = [&](auto... more) {
    auto const list = texts("tokenizer.ggml.tokens", {"[UNK]", "[CLS]", "[SEP]", "\xE2\x96\x81it", more...});
    return text_test::open(read({model, list}))->encode("It", {.add_special = false});
  };
  CHECK(small(std::string("s")) == std::vector<int>{3});
  CHECK(small(std::string("\xE2\x96\x81I"), std::string("t")) == std::vector<int>{4, 5});
}

TEST_CASE("gguf: control tokens are found in text where special tokens are wanted, user-defined ones always") {
  tokenizer_data const data = read({str("tokenizer.ggml.model", "llama"),
                                    texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "\xE2\x96\x81", "a", "<x>"}),
                                    numbers<float>("tokenizer.ggml.scores", 6, {0, 0, -1, -2, 0}),
                                    numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {2, 3, 1, 1, 4}),
                                    u32("tokenizer.ggml.bos_token_id", 1), u32("tokenizer.ggml.unknown_token_id", 0)});
  opened const tokens = text_test::open(data);
  CHECK(tokens->encode("a") == std::vector<int>{1, 2, 3});
  CHECK(tokens->encode("<s>a<x>", {.add_special = false}) == std::vector<int>{1, 2, 3, 4});
  CHECK(tokens->encode("a<x>", {.add_special = false, .parse_special = false}) == std::vector<int>{2, 3, 4});
  CHECK(tokens->encode("<s>", {.add_special = false, .parse_special = false}).front() == 2);
}

// As llama.cpp has it, which warns and goes on: -1 in 32 bits, and ids beyond the vocabulary.
TEST_CASE("gguf: special ids outside the vocabulary are none") {
  auto const entries = [](char const* key, std::uint32_t id) {
    return std::vector<std::string>{str("tokenizer.ggml.model", "llama"),
                                    texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "\xE2\x96\x81", "a"}),
                                    numbers<float>("tokenizer.ggml.scores", 6, {0, 0, 0, -1, -2}),
                                    numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {2, 3, 3, 1, 1}),
                                    u32(key, id)};
  };
  std::uint32_t const id = GENERATE(0xFFFFFFFFu, 5u, 32000u);
  CHECK_FALSE(read(entries("tokenizer.ggml.padding_token_id", id)).special.pad);
  CHECK_FALSE(read(entries("tokenizer.ggml.mask_token_id", id)).special.mask);
  // What llama.cpp falls back on.
  CHECK(read(entries("tokenizer.ggml.bos_token_id", id)).special.bos == 1);
  CHECK(read(entries("tokenizer.ggml.eos_token_id", id)).special.eos == 2);
  CHECK(read(entries("tokenizer.ggml.unknown_token_id", id)).special.unk == 0);
  CHECK(read(entries("tokenizer.ggml.padding_token_id", 2)).special.pad == 2);
}

TEST_CASE("gguf: vocabularies that do not fit together are refused") {
  auto const model = str("tokenizer.ggml.model", "llama");
  auto const tokens = texts("tokenizer.ggml.tokens", {"<unk>", "a"});
  auto const scores = numbers<float>("tokenizer.ggml.scores", 6, {0, -1});
  auto const types = numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {2, 1});
  CHECK(message({model, tokens, scores, types}).empty());
  CHECK(message({tokens}) == "F: key tokenizer.ggml.model is missing, the file holds no vocabulary");
  CHECK(message({model}) == "F: key tokenizer.ggml.tokens is missing or empty");
  CHECK(message({model, tokens, types}) == "F: key tokenizer.ggml.scores is missing");
  CHECK(message({str("tokenizer.ggml.model", "rwkv"), tokens}) ==
        "F: key tokenizer.ggml.model is \"rwkv\", supported are llama, gpt2, gemma4, whitespace, bert and t5");
  CHECK(message({model, tokens, scores, numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {2})}) ==
        "F: key tokenizer.ggml.token_type has 1 entries for 2 tokens");
  CHECK(message({model, tokens, scores, numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {2, 7})}) ==
        "F: key tokenizer.ggml.token_type has 7 for token 1, 0 to 6 are known");
  CHECK(message({str("tokenizer.ggml.model", "gpt2"), tokens, texts("tokenizer.ggml.merges", {"a"})}) ==
        "F: key tokenizer.ggml.merges has \"a\", two tokens and a blank between them are expected");
}

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <sstream>

#include "support.hpp"

using namespace constformer;
using namespace text_test;

namespace {

// The vectors of llama.cpp: texts in .inp, a line of ids for each in .out, without BOS and EOS.
void check_vectors(std::string const& vocabulary, std::string const& vectors) {
  opened const tokens = open(shared(vocabulary));
  auto const base = "tokenizer-vectors/ggml-vocab-" + vectors + ".gguf";
  auto const texts = parts_of(read_all(shared(base + ".inp")), "\n__ggml_vocab_test__\n");
  auto const lines = parts_of(read_all(shared(base + ".out")), "\n");
  REQUIRE(texts.size() >= 46);
  REQUIRE(lines.size() >= 46);
  for (std::size_t i = 0; i < 46; ++i) {
    std::vector<int> expected;
    std::istringstream line(lines[i]);
    for (int id = 0; line >> id;) expected.push_back(id);
    CAPTURE(i, texts[i]);
    CHECK(tokens->encode(texts[i], {.add_special = false}) == expected);
  }
}

}  // namespace

TEST_CASE("vectors: GPT-2") { check_vectors("gpt2-bpe/encoder.json", "gpt-2"); }
TEST_CASE("vectors: Llama 2, tokenizer.model") { check_vectors("llama2-tokenizer/tokenizer.model", "llama-spm"); }
TEST_CASE("vectors: Llama 2, tokenizer.bin") { check_vectors("llama2-tokenizer/tokenizer.bin", "llama-spm"); }
TEST_CASE("vectors: BERT") { check_vectors("wordpiece/bert-vocab.txt", "bert-bge"); }

// The same from llama.cpp's own files.
TEST_CASE("vectors: vocabularies in GGUF files") {
  auto const name = GENERATE(as<std::string>{}, "gpt-2", "llama-spm", "bert-bge", "falcon", "starcoder");
  CAPTURE(name);
  check_vectors("tokenizer-vectors/ggml-vocab-" + name + ".gguf", name);
}

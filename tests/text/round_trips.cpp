#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>

#include "support.hpp"

using namespace constformer;
using namespace text_test;

namespace {

double seconds(auto&& work) {
  auto const begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

// The whole of a book through each vocabulary that keeps every character.
TEST_CASE("round trips: books come back byte for byte") {
  auto const book = GENERATE(as<std::string>{}, "text/tinyshakespeare.txt", "sentencepiece/botchan.txt");
  auto const vocabulary =
      GENERATE(as<std::string>{}, "gpt2-bpe/encoder.json", "llama2-tokenizer/tokenizer.model",
               "llama2-tokenizer/tokenizer.bin", "stories260K/tok512.bin", "tokenizer-vectors/ggml-vocab-falcon.gguf",
               "tokenizer-vectors/ggml-vocab-llama-spm.gguf", "tokenizer-vectors/ggml-vocab-starcoder.gguf");
  CAPTURE(book, vocabulary);
  opened const tokens = open(shared(vocabulary));
  std::string const text = read_all(shared(book));
  auto const ids = tokens->encode(text);
  CHECK(ids.size() < text.size());
  CHECK(tokens->decode(ids) == text);
}

// A million bytes without a place to cut: the queue of merges must not make it quadratic. The bound is far above what
// it takes (0.2 to 1 s) and far below what quadratic work would.
TEST_CASE("round trips: a long text takes time in proportion") {
  auto const name = GENERATE(as<std::string>{}, "gpt2", "llama2", "spm_bpe", "llama2c", "spm_unigram");
  auto const unit = GENERATE(as<std::string>{}, "the clock keeps time ", "xqz", "   ");
  opened const tokens = open(fixtures() / name);
  std::string text;
  while (text.size() < 1'000'000) text += unit;
  CAPTURE(name, unit);
  CHECK(seconds([&] { static_cast<void>(tokens->encode(text)); }) < 20);
}

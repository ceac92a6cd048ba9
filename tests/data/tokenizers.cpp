// Merges that the tokenizers library and rustbpe learn of the same text (make_vectors.py).
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "constformer/data/tokenizer_training.hpp"
#include "support.hpp"

using namespace constformer;
using namespace data_test;

namespace {

std::string hexadecimal(std::string_view bytes) {
  std::string out;
  char digits[3];
  for (char const c : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += digits;
  }
  return out;
}

bpe_options options_of(nlohmann::json const& run) {
  return {.vocab_size = run["size"],
          .pattern = run["pattern"],
          .special = run["special"],
          .order = run["order"] == "rustbpe" ? id_order::rustbpe : id_order::hugging_face};
}

trained_bpe trained_on(std::string_view text, bpe_options const& options) {
  bpe_trainer trainer(options);
  trainer.add(text);
  return trainer.train();
}

}  // namespace

TEST_CASE("byte-level BPE learns the tokens and merges of tokenizers and rustbpe") {
  auto const& run = tokenizers()["trained"][GENERATE(range(0U, 12U))];
  INFO(run["order"] << ", " << run["pattern"] << ", " << run["size"]);
  auto const got = trained_on(run["text"].get<std::string>(), options_of(run));
  std::vector<std::string> tokens;
  for (auto const& token : got.tokens) tokens.push_back(hexadecimal(token));
  CHECK(tokens == run["tokens"].get<std::vector<std::string>>());
  if (run.contains("merges")) CHECK(got.merges == run["merges"].get<std::vector<std::pair<int, int>>>());
}

TEST_CASE("what is trained is read back: merges, special tokens and roles") {
  scratch const in;
  std::string const text = tokenizers()["trained"][0]["text"];
  auto const order = GENERATE(id_order::hugging_face, id_order::rustbpe);
  auto const* const pattern = GENERATE("gpt2", "gpt4", "nanochat", "llama3", "qwen2", "o200k", R"(\p{L}+|[^\p{L}]+)");
  bpe_options const options{
      .vocab_size = 380, .pattern = pattern, .special = {"<|bos|>", "<|im_end|>"}, .order = order};
  write_bpe(trained_on(text, options), options, in.folder / "made" / "here");
  opened_tokenizer const read(in.folder / "made" / "here");
  CHECK(read.tokens->vocab_size() == 380);
  auto const ids = read.tokens->encode(text);
  CHECK(ids.size() * 3 < text.size() * 2);
  CHECK(read.tokens->decode(ids) == text);
  int const bos = order == id_order::rustbpe ? 378 : 0;
  CHECK(read.tokens->special().bos == bos);
  CHECK(read.tokens->special().eos == bos + 1);
  CHECK(read.tokens->encode("<|im_end|>") == std::vector{bos + 1});
  CHECK(read.tokens->is_special(bos));
}

TEST_CASE("characters are numbered as nanoGPT's, special tokens behind them") {
  scratch const in;
  character_trainer trainer;
  trainer.add("hello\n");
  trainer.add("w\xC3\xB6rld \xE6\x99\x82");
  auto const characters = trainer.train();
  CHECK(characters ==
        std::vector<std::string>{"\n", " ", "d", "e", "h", "l", "o", "r", "w", "\xC3\xB6", "\xE6\x99\x82"});
  write_characters(characters, {"<|endoftext|>"}, in.folder);
  opened_tokenizer const read(in.folder);
  CHECK(read.tokens->vocab_size() == 12);
  CHECK(read.tokens->encode("low\xC3\xB6 \n") == std::vector{5, 6, 8, 9, 1, 0});
  CHECK(read.tokens->decode(std::vector{5, 6, 8, 9, 1, 0}) == "low\xC3\xB6 \n");
  CHECK(read.tokens->special().eos == 11);
}

TEST_CASE("what cannot be trained is refused in one sentence") {
  CHECK(message_of([] { bpe_trainer({.vocab_size = 257, .special = {"a1", "b1"}}); }) ==
        "a vocabulary of 257 is too small: 256 bytes and 2 special tokens need 258");
  CHECK(message_of([] { bpe_trainer({.vocab_size = 300, .special = {"<s>", "<s>"}}); }) ==
        "the special token <s> is named twice");
  CHECK(message_of([] { bpe_trainer({.vocab_size = 300, .pattern = "("}); }).starts_with("--pattern: "));
  CHECK(message_of([] { static_cast<void>(bpe_trainer({.vocab_size = 300}).train()); }) ==
        "there is no text to train a tokenizer on");
  CHECK(message_of([] { static_cast<void>(character_trainer().train()); }) ==
        "there is no text to train a tokenizer on");
  scratch const in;
  auto const file = in.write("file", "x");
  CHECK(message_of([&] {
          write_characters({"a"}, {}, file / "folder");
        }).starts_with(file.string() + "/folder: cannot be made: "));
}

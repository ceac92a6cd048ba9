#include <catch2/catch_test_macros.hpp>

#include "constformer/text/load.hpp"
#include "support.hpp"

using namespace constformer;
using namespace text_test;

TEST_CASE("special: roles of the vocabularies") {
  special_tokens const bert = open(fixtures() / "bert_lines")->special();
  CHECK(bert.pad == 0);
  CHECK(bert.unk == 1);
  CHECK(bert.cls == 2);
  CHECK(bert.sep == 3);
  CHECK(bert.mask == 4);
  CHECK_FALSE(bert.bos);
  special_tokens const llama = open(fixtures() / "llama2")->special();
  CHECK(llama.bos == 1);
  CHECK(llama.eos == 2);
  CHECK(open(fixtures() / "gpt2")->special().eos == 0);
}

TEST_CASE("special: SentencePiece takes <s> in the text as text, the tokenizers library as a token") {
  opened const sentencepiece = open(fixtures() / "spm_bpe"), library = open(fixtures() / "llama2");
  auto const count = [](std::vector<int> const& ids, int id) { return std::count(ids.begin(), ids.end(), id); };
  CHECK(count(sentencepiece->encode("a <s> b"), 1) == 0);
  CHECK(count(library->encode("a <s> b"), 1) == 2);
  CHECK(count(library->encode("a <s> b", {.parse_special = false}), 1) == 1);
}

TEST_CASE("special: written out on request") {
  opened const llama = open(fixtures() / "llama2");
  auto const ids = llama->encode("the clock");
  CHECK(llama->decode(ids) == "the clock");
  CHECK(llama->decode(ids, {.skip_special = false}) == "<s> the clock");
  CHECK(llama->is_special(1));
  CHECK_FALSE(llama->is_special(ids.back()));
}

TEST_CASE("special: a bare tokenizer.model of BPE gets BOS, as Llama's loader adds it") {
  std::filesystem::path const source = fixtures() / "spm_bpe" / "spiece.model";
  auto const folder = std::filesystem::temp_directory_path() / "constformer-text-special";
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(source, folder / "tokenizer.model", std::filesystem::copy_options::overwrite_existing);
  CHECK(has_tokenizer_source(folder));
  CHECK(open(folder)->encode("a").front() == 1);
  std::filesystem::remove_all(folder);
}

TEST_CASE("special: pieces and their ids") {
  opened const gpt2 = open(fixtures() / "gpt2");
  for (int const id : gpt2->encode("time and again")) CHECK(gpt2->find(gpt2->piece(id)) == id);
  CHECK_FALSE(gpt2->find("no such piece at all"));
  CHECK(message_of([&] { static_cast<void>(gpt2->piece(-1)); }).starts_with("id -1 is outside the vocabulary of "));
}

TEST_CASE("special: bytes that are no UTF-8 count as U+FFFD") {
  opened const gpt2 = open(fixtures() / "gpt2");
  CHECK(gpt2->encode("a\xFF\xE2\x82z") == gpt2->encode("a\xEF\xBF\xBD\xEF\xBF\xBDz"));
  opened const bert = open(fixtures() / "bert");
  CHECK(bert->encode("the\xFF") == bert->encode("the\xEF\xBF\xBD"));
}

TEST_CASE("special: a character outside a character set is an error") {
  opened const chars = open(fixtures() / "characters");
  CHECK(message_of([&] { static_cast<void>(chars->encode("\xE2\x82\xAC")); }) ==
        "text: character U+20AC is not among the " + std::to_string(chars->vocab_size()) +
            " characters of the vocabulary");
}

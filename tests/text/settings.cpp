// What stands beside a vocabulary and wins over it, against transformers' AutoTokenizer (make_settings.py).
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

#include "constformer/text/load.hpp"
#include "support.hpp"

using namespace constformer;
using namespace text_test;
using nlohmann::json;

namespace {

/// A folder that is gone with the test.
struct scratch {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "constformer-text-settings";
  scratch() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~scratch() { std::filesystem::remove_all(path); }
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;
};

std::string bytes_of(json const& file) {
  if (!file.contains("from")) return file.dump();
  std::string bytes = read_all(fixtures() / file["from"].get<std::string>());
  if (!file.contains("patch")) return bytes;
  json document = json::parse(bytes);
  document.merge_patch(file["patch"]);
  return document.dump();
}

opened open_case(json const& files) {
  scratch const folder;
  for (auto const& [name, file] : files.items()) std::ofstream(folder.path / name, std::ios::binary) << bytes_of(file);
  return open(folder.path);
}

std::string refusal(json const& files) {
  return message_of([&] { static_cast<void>(open_case(files)); });
}

json with_config(json config) {
  return {{"vocab.txt", {{"from", "bert_lines/vocab.txt"}}}, {"tokenizer_config.json", std::move(config)}};
}

}  // namespace

// 4.57 is followed where the two differ, and 5 where 4.57 refuses; docs/tokenizers.md says why.
TEST_CASE("settings: ids are AutoTokenizer's, class by class") {
  json const file = read_json(fixtures().parent_path() / "settings.json");
  REQUIRE(file["cases"].size() > 190);
  for (json const& c : file["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    opened const tokens = open_case(c["files"]);
    json const& expected = c["ids"].is_array() ? c["ids"] : c["ids5"];
    for (std::size_t i = 0; i < expected.size(); ++i)
      CHECK(tokens->encode(file["texts"][i].get<std::string>()) == ids_of(expected[i]));
  }
}

TEST_CASE("settings: what is not supported is refused by name") {
  CHECK(refusal(with_config({{"do_lower_case", false}})).empty());
  for (char const* const words : {"mecab", "sudachi", "jumanpp"}) {
    std::string const message =
        refusal(with_config({{"tokenizer_class", "BertJapaneseTokenizer"}, {"word_tokenizer_type", words}}));
    CHECK(message.ends_with("word_tokenizer_type is \"" + std::string(words) +
                            "\", which is not supported; words of \"basic\" are"));
    CHECK_FALSE(refusal(with_config({{"word_tokenizer_type", words}})).empty());
  }
  CHECK(refusal(with_config({{"tokenizer_class", "BertJapaneseTokenizer"}, {"word_tokenizer_type", "basic"}})).empty());
  CHECK(refusal(with_config({{"tokenizer_class", "BertJapaneseTokenizer"}, {"subword_tokenizer_type", "character"}}))
            .ends_with("subword_tokenizer_type is \"character\", which is not supported; \"wordpiece\" is"));
  for (char const* const field : {"split_special_tokens", "from_slow", "fix_mistral_regex"})
    CHECK(refusal(with_config({{field, true}})).ends_with(std::string(field) + " is true, which is not supported"));
  CHECK(refusal(with_config({{"tokenizer_class", "PhobertTokenizer"}}))
            .ends_with(
                "the class PhobertTokenizer does not read vocab.txt as BERT does; a tokenizer.json would say how"));
  json const bpe = {{"vocab.json", {{"from", "gpt2/vocab.json"}}},
                    {"merges.txt", {{"from", "gpt2/merges.txt"}}},
                    {"tokenizer_config.json", {{"tokenizer_class", "CLIPTokenizer"}}}};
  CHECK(refusal(bpe).find("the class CLIPTokenizer does not read vocab.json and merges.txt") != std::string::npos);
  json const spm = {{"spiece.model", {{"from", "spm_unigram/spiece.model"}}},
                    {"tokenizer_config.json", {{"tokenizer_class", "PegasusTokenizer"}}}};
  CHECK(refusal(spm).find("the class PegasusTokenizer reads SentencePiece's model in a way of its own") !=
        std::string::npos);
}

TEST_CASE("settings: files that are damaged") {
  CHECK(refusal(with_config({{"mask_token", 5}})).ends_with("field mask_token is number, a token is expected"));
  CHECK(refusal(with_config({{"additional_special_tokens", 5}}))
            .ends_with("field additional_special_tokens is number, a list of tokens is expected"));
  CHECK(refusal(with_config({{"added_tokens_decoder", json::array({1})}}))
            .ends_with("field added_tokens_decoder is array, an object is expected"));
  CHECK(refusal(with_config({{"added_tokens_decoder", {{"9000000", {{"content", "<x>"}}}}}}))
            .find("the id of added token \"<x>\" is 9000000") != std::string::npos);
}

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fstream>

#include "constformer/text/load.hpp"
#include "support.hpp"

using namespace constformer;
using namespace text_test;
using nlohmann::json;

namespace {

json valid_bpe() {
  return json::parse(R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]},
                         "pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"}})");
}

std::string json_message(json const& file) {
  return message_of([&] { static_cast<void>(read_tokenizer_json(file.dump(), "t.json")); });
}

/// The message for the valid file with one value set.
std::string message_with(char const* place, json const& value) {
  json file = valid_bpe();
  file[json::json_pointer(place)] = value;
  return json_message(file);
}

}  // namespace

TEST_CASE("sources: tokenizer.json that is damaged") {
  CHECK(json_message(valid_bpe()).empty());
  CHECK(message_of([] { static_cast<void>(read_tokenizer_json("{\"a\"", "t.json")); }) ==
        "t.json: is not JSON (4 bytes)");
  CHECK(message_of([] { static_cast<void>(read_tokenizer_json("[]", "t.json")); }) ==
        "t.json: holds array, a JSON object is expected");
  CHECK(message_of([] { static_cast<void>(read_tokenizer_json("{}", "t.json")); }) == "t.json: field model is missing");
  CHECK(message_with("/model/vocab/b", -1) ==
        "t.json: the id of token \"b\" is -1, an integer from 0 to 16777215 is expected");
  CHECK(message_with("/model/vocab/b", 1.5) ==
        "t.json: the id of token \"b\" is 1.5, an integer from 0 to 16777215 is expected");
  CHECK(message_with("/model/vocab/b", 16000000) ==
        "t.json: the id of token \"b\" is 16000000, the vocabulary has 3 tokens");
  CHECK(message_with("/model/vocab", 3) == "t.json: the vocabulary is number, an object is expected");
  CHECK(message_with("/model/merges/0", "a c") ==
        "t.json: merge 0 needs token \"c\", which is not among the 3 of the vocabulary");
  CHECK(message_with("/model/merges/0", "abc") == "t.json: merge \"abc\" is no pair of tokens");
  CHECK(message_with("/model/byte_fallback", "yes") ==
        "t.json: field byte_fallback is string, true or false is expected");
}

TEST_CASE("sources: what tokenizer.json names and is not supported is refused by name") {
  CHECK(message_with("/normalizer", {{"type", "NFKC"}}) == "t.json: normalizers of type NFKC are not supported");
  CHECK(message_with("/pre_tokenizer", {{"type", "UnicodeScripts"}}) ==
        "t.json: pre-tokenizers of type UnicodeScripts are not supported");
  CHECK(message_with("/post_processor", {{"type", "Odd"}}) == "t.json: post-processors of type Odd are not supported");
  CHECK(message_with("/decoder", {{"type", "CTC"}}) == "t.json: decoders of type CTC are not supported");
  CHECK(message_with("/model/type", "WordLevel").ends_with("WordLevel is not supported"));
  CHECK(message_with("/model/dropout", 0.1) == "t.json: model.dropout is 0.1, only 0 is supported");
  CHECK(message_with("/model/end_of_word_suffix", "</w>") ==
        "t.json: model.end_of_word_suffix is \"</w>\", which is not supported");
  CHECK(message_with("/pre_tokenizer", 5) == "t.json: the pre-tokenizer is number, an object with a type is expected");
}

TEST_CASE("sources: added tokens of tokenizer.json") {
  json const token = {{"id", 3}, {"content", "<x>"}, {"special", true}};
  CHECK(message_with("/added_tokens", json::array({token})).empty());
  json far = token;
  far["id"] = 9000000;
  CHECK(message_with("/added_tokens", json::array({far})) ==
        "t.json: the id of added token \"<x>\" is 9000000, the vocabulary has 3 tokens");
}

TEST_CASE("sources: tokenizer.bin that is damaged") {
  std::string const whole = read_all(fixtures() / "llama2c" / "tokenizer.bin");
  auto const message = [](std::string const& bytes) {
    return message_of([&] { static_cast<void>(read_llama2c_tokenizer(bytes, "t.bin")); });
  };
  CHECK(message(whole).empty());
  CHECK(message("") == "t.bin: ends at byte 0, a token needs 4 bytes from byte 0 on");
  CHECK(message(whole.substr(0, 4)) == "t.bin: has 0 tokens, at least 3 are needed");
  CHECK(message(whole.substr(0, whole.size() - 1))
            .starts_with("t.bin: ends at byte " + std::to_string(whole.size() - 1)));
  std::string negative = whole;
  negative.replace(8, 4, "\xFF\xFF\xFF\xFF");
  CHECK(message(negative) == "t.bin: token 0 says it has -1 bytes, the limit is 65536");
}

TEST_CASE("sources: a SentencePiece model that is damaged") {
  std::string const whole = read_all(fixtures() / "spm_unigram" / "spiece.model");
  auto const message = [](std::string const& bytes) {
    return message_of([&] { static_cast<void>(read_sentencepiece_model(bytes, "t.model")); });
  };
  CHECK(message(whole).empty());
  CHECK(message("") == "t.model: is no SentencePiece model, it has no pieces");
  CHECK(message("\x0A\xFF") == "t.model: is no SentencePiece model, it has a number that does not end");
  CHECK(message("\x0A\x05x") == "t.model: is no SentencePiece model, it has a field that ends behind its message");
  CHECK(message(std::string("\x0A\x03\x0A\x01", 4) + "a") == "t.model: none of the 1 pieces is of the unknown type");
  for (std::size_t size = 1; size < whole.size(); size += 1 + whole.size() / 211)
    static_cast<void>(message(whole.substr(0, size)));
}

TEST_CASE("sources: lists of words and characters that are damaged") {
  CHECK(message_of([] { static_cast<void>(read_wordpiece_vocab("a\nb\n", "v.txt", true)); }) ==
        "v.txt: [UNK] is not among its 2 tokens");
  auto const chars = [](char const* text) {
    return message_of([&] { static_cast<void>(read_character_vocab(text, "c.json")); });
  };
  CHECK(chars(R"({"type": "char", "chars": ["a", "b"]})").empty());
  CHECK(chars(R"({"type": "char", "chars": ["a", "a"]})") == "c.json: entry 1 of chars is \"a\", which comes twice");
  CHECK(chars(R"({"type": "char", "chars": ["ab"]})") ==
        "c.json: entry 0 of chars is \"ab\", one character is expected");
  CHECK(chars(R"({"type": "char", "chars": []})") == "c.json: field chars is not a list of characters");
  CHECK(chars(R"({"type": "bpe"})") == "c.json: type is \"bpe\", \"char\" is expected");
  auto const merges = [](char const* text) {
    return message_of([&] { static_cast<void>(read_bpe_files(R"({"a": 0, "b": 1, "ab": 2})", text, "v.json")); });
  };
  CHECK(merges("#version: 0.2\na b\n").empty());
  CHECK(merges("a\n") == "v.json: line 1 of the merges is \"a\", two tokens and a blank between them are expected");
  CHECK(merges("a c\n") == "v.json: merge 0 needs token \"c\", which is not among the 3 of the vocabulary");
}

TEST_CASE("sources: paths that hold no tokenizer") {
  auto const message = [](std::filesystem::path const& path) {
    return message_of([&] { static_cast<void>(load_tokenizer_source(path)); });
  };
  auto const folder = std::filesystem::temp_directory_path() / "constformer-text-sources";
  std::filesystem::remove_all(folder);
  CHECK(message(folder) == folder.string() + ": does not exist");
  std::filesystem::create_directories(folder);
  CHECK(message(folder) ==
        folder.string() + ": holds no tokenizer file; docs/tokenizers.md lists those that are looked for");
  CHECK_FALSE(has_tokenizer_source(folder));
  std::ofstream(folder / "weights.npz") << "x";
  CHECK(message(folder / "weights.npz").ends_with("is no tokenizer file that is known; docs/tokenizers.md lists them"));
  std::ofstream(folder / "vocab.json") << "{}";
  CHECK(message(folder) == (folder / "merges.txt").string() + ": cannot be opened");
  std::filesystem::remove_all(folder);
}

TEST_CASE("sources: a class named in tokenizer_config.json decides how vocab.json splits") {
  auto const folder = std::filesystem::temp_directory_path() / "constformer-text-class";
  std::filesystem::create_directories(folder);
  for (char const* const name : {"vocab.json", "merges.txt"}) {
    std::filesystem::copy_file(fixtures() / "gpt2" / name, folder / name,
                               std::filesystem::copy_options::overwrite_existing);
  }
  auto const digits = open(folder)->encode("1987").size();
  std::ofstream(folder / "tokenizer_config.json")
      << R"({"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|endoftext|>"})";
  CHECK(open(folder)->encode("1987").size() == 4);
  CHECK(digits < 4);
  std::filesystem::remove_all(folder);
}

TEST_CASE("sources: ice_text.model is completed as its release asks") {
  auto const later = open(fixtures() / "chatglm_6b"), first = open(fixtures() / "chatglm_6b_first" / "ice_text.model");
  CHECK(first->vocab_size() == later->vocab_size() + 20000);
  CHECK(first->find("<|blank_80|>").value() == later->find("<|blank_80|>").value() + 20000);
  CHECK(later->special().bos == later->find("<sop>"));
  CHECK(later->special().eos == later->find("<eop>"));
  auto const pair = later->encode_pair("a", "b");
  CHECK(pair.ids.back() == later->special().eos.value());
  CHECK(std::count(pair.ids.begin(), pair.ids.end(), later->special().bos.value()) == 1);
  auto const id = [&](char const* piece) { return later->find(piece).value(); };
  CHECK(later->encode("a  \t\nb", {.add_special = false}) ==
        std::vector{id("▁a"), id("<|blank_2|>"), id("<|tab|>"), id("<n>"), id("b")});

  auto const folder = std::filesystem::temp_directory_path() / "constformer-text-ice";
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(fixtures() / "chatglm_6b" / "ice_text.model", folder / "ice_text.model",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK(open(folder)->vocab_size() == later->vocab_size());  // no settings say how many images there are
  std::ofstream(folder / "tokenizer_config.json") << R"({"num_image_tokens": 20001})";
  CHECK(message_of([&] { open(folder); }) ==
        (folder / "ice_text.model").string() + ": num_image_tokens beside it is 20001, it must be between 0 and 20000");
  std::filesystem::remove_all(folder);
}

// ChatGLM2's own: pieces 64789, then [gMASK] is 64790 and sop 64792.
TEST_CASE("sources: ChatGLM's class puts two ids before a text that are behind the pieces") {
  auto const folder = std::filesystem::temp_directory_path() / "constformer-text-chatglm";
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(fixtures() / "spm_bpe" / "spiece.model", folder / "tokenizer.model",
                             std::filesystem::copy_options::overwrite_existing);
  std::string const text = "To be, or not [gMASK] sop";
  auto const bare = open(folder);
  auto const pieces = bare->encode(text, {.add_special = false});
  int const first = bare->vocab_size();
  std::ofstream(folder / "tokenizer_config.json") << R"({"tokenizer_class": "ChatGLMTokenizer"})";
  auto const chatglm = open(folder);
  CHECK(chatglm->vocab_size() == first + 5);
  auto wanted = pieces;
  wanted.insert(wanted.begin(), {first + 1, first + 3});
  CHECK(chatglm->encode(text) == wanted);
  CHECK(chatglm->encode(text, {.add_special = false}) == pieces);
  CHECK(chatglm->decode(wanted) == bare->decode(pieces));
  std::filesystem::remove_all(folder);
}

// Models that read one language and write another.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "constformer/text/load.hpp"
#include "support.hpp"

using namespace constformer;
using namespace text_test;

namespace {

namespace fs = std::filesystem;

struct scratch {
  scratch() : path(fs::temp_directory_path() / "constformer-two-sides") { fs::create_directories(path); }
  ~scratch() { fs::remove_all(path); }
  void write(char const* name, std::string const& bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
  }
  fs::path path;
};

}  // namespace

TEST_CASE("Marian: ids and text are those of transformers") {
  fs::path const folder = fixtures() / "marian";
  opened const tokens = open(folder);
  for (auto const& c : read_json(folder / "cases.json")) {
    CAPTURE(c.dump());
    if (c.contains("source")) CHECK(tokens->encode(c["text"].get<std::string>()) == ids_of(c["source"]));
    if (c.contains("target")) CHECK(tokens->target().encode(c["text"].get<std::string>()) == ids_of(c["target"]));
    if (c.contains("decoded")) CHECK(tokens->target().decode(ids_of(c["ids"])) == c["decoded"].get<std::string>());
  }
}

TEST_CASE("Marian: what does not fit is refused") {
  fs::path const folder = fixtures() / "marian";
  auto const message = [&](std::string const& vocab) {
    std::string const spm = read_all(folder / "source.spm");
    return message_of([&] { static_cast<void>(read_marian_files(spm, spm, vocab, "v.json")); });
  };
  CHECK(message(R"({"a": 0, "<unk>": 1, "</s>": 2})").empty());
  CHECK(message(R"({"a": 0})") == "v.json: has no <unk>");
  CHECK(message("[]") == "v.json: holds array, a JSON object is expected");
}

TEST_CASE("OpenNMT: a word is a token, and the two sides have lists of their own") {
  scratch const folder;
  folder.write("source_vocabulary.txt", "<blank>\n<unk>\n<s>\n</s>\na\nbc\n");
  folder.write("target_vocabulary.txt", "<blank>\n<s>\n</s>\nx\ny\n▁zz\n");
  opened const tokens = open(folder.path);
  CHECK(tokens->encode("a  bc abc\n") == std::vector<int>{4, 5, 1});
  CHECK(tokens->target().encode("▁zz x q") == std::vector<int>{5, 3, 6});  // <unk> stands behind the others
  CHECK(tokens->target().decode(std::vector<int>{1, 5, 3, 2}) == "▁zz x");
  CHECK(tokens->vocab_size() == 6);
  CHECK(tokens->target().vocab_size() == 7);
  folder.write("source_vocabulary.txt", "");
  CHECK(message_of([&] { static_cast<void>(load_tokenizer_source(folder.path)); }).ends_with("has no lines"));
  folder.write("source_vocabulary.txt", "a\na\n");
  CHECK(message_of([&] { static_cast<void>(load_tokenizer_source(folder.path)); }).ends_with("\"a\" comes twice"));
}

TEST_CASE("OpenNMT: where all tokens are characters, text is cut into characters") {
  scratch const folder;
  folder.write("source_vocabulary.txt", "<blank>\n<s>\n</s>\nي\nا\n،\n");
  folder.write("target_vocabulary.txt", "<blank>\n<s>\n</s>\na\nb\n▁\n");
  opened const tokens = open(folder.path);
  CHECK(tokens->encode(" اي،\n") == std::vector<int>{4, 3, 5});
  CHECK(tokens->encode("ا ا") == std::vector<int>{4, 6, 4});  // no token is a blank, and the last one is <unk>
  CHECK(tokens->target().encode("a b") == std::vector<int>{3, 5, 4});
  CHECK(tokens->target().decode(std::vector<int>{1, 3, 5, 4, 2}) == "a b");
  folder.write("target_vocabulary.txt", "<s>\n</s>\n \na\n");
  CHECK(open(folder.path)->target().encode(" a") == std::vector<int>{2, 3});
}

TEST_CASE("OpenNMT: config.json says what stands around a source") {
  scratch const folder;
  folder.write("shared_vocabulary.json", R"(["<unk>", "<s>", "</s>", "one", "two"])");
  folder.write("config.json", R"({"add_source_bos": true, "add_source_eos": true, "layer_norm_epsilon": null})");
  CHECK(open(folder.path)->encode("two one") == std::vector<int>{1, 4, 3, 2});
  folder.write("config.json", R"({"add_source_eos": true, "eos_token": "one"})");
  CHECK(open(folder.path)->encode("two") == std::vector<int>{4, 3});
  folder.write("config.json", R"({"add_source_eos": true, "eos_token": "three"})");
  CHECK(message_of([&] {
          static_cast<void>(load_tokenizer_source(folder.path));
        }).ends_with("config.json: eos_token \"three\" is not in the vocabulary"));
}

TEST_CASE("Marian: the two sides may have lists of ids of their own") {
  scratch const folder;
  for (char const* const name : {"source.spm", "target.spm"})
    folder.write(name, read_all(fixtures() / "marian" / "source.spm"));
  folder.write("vocab.json", R"({"</s>": 0, "<unk>": 1, "e": 2, "a": 3})");
  folder.write("tokenizer_config.json", R"({"separate_vocabs": true})");
  CHECK(message_of([&] {
          static_cast<void>(load_tokenizer_source(folder.path));
        }).ends_with("target_vocab.json: cannot be opened"));
  folder.write("target_vocab.json", R"({"<unk>": 0, "a": 1, "</s>": 2})");
  opened const tokens = open(folder.path);
  CHECK(tokens->find("a") == 3);
  CHECK(tokens->target().find("a") == 1);
  CHECK(tokens->vocab_size() == 4);
  CHECK(tokens->target().vocab_size() == 3);
}

TEST_CASE("two sides: a blob holds both, and one behind it that is damaged is refused") {
  opened const one = open(fixtures() / "marian");
  CHECK(&one->target() != one.tokens.get());
  CHECK(&one->target().target() == &one->target());
  auto cut = one.blob;
  cut.resize(cut.size() - 1);
  CHECK_FALSE(message_of([&] { static_cast<void>(open_tokenizer(cut)); }).empty());
  opened const same = open(fixtures() / "gpt2");
  CHECK(&same->target() == same.tokens.get());
}

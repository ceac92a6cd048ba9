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
  folder.write("source_vocabulary.txt", "<blank>\n<unk>\n<s>\n</s>\na\nb\n");
  folder.write("target_vocabulary.txt", "<blank>\n<unk>\n<s>\n</s>\nx\ny\nz\n");
  opened const tokens = open(folder.path);
  CHECK(tokens->encode("a  b ab") == std::vector<int>{4, 5, 1});
  CHECK(tokens->target().encode("z x") == std::vector<int>{6, 4});
  CHECK(tokens->target().decode(std::vector<int>{2, 6, 4, 3}) == "z x");
  CHECK(tokens->vocab_size() == 6);
  CHECK(tokens->target().vocab_size() == 7);
  folder.write("source_vocabulary.txt", "a\nb\n");
  CHECK(message_of([&] {
          static_cast<void>(load_tokenizer_source(folder.path));
        }).ends_with("<unk> is not among its 2 lines"));
  folder.write("source_vocabulary.txt", "a\na\n");
  CHECK(message_of([&] { static_cast<void>(load_tokenizer_source(folder.path)); }).ends_with("\"a\" comes twice"));
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

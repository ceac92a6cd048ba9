// train-tokenizer: what it writes is read back; what it cannot do is one sentence, and nothing is left.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;
namespace fs = std::filesystem;

// A text with enough words to learn of, and a folder that goes with the object.
struct scratch {
  scratch() {
    fs::remove_all(folder);
    fs::create_directories(folder);
    std::ofstream(text) << std::ifstream(source("docs/tokenizers.md")).rdbuf();
  }
  ~scratch() { fs::remove_all(folder); }

  fs::path folder = fs::temp_directory_path() / "constformer-train-tokenizer";
  std::string text = (folder / "text.txt").string(), out = (folder / "made").string();
};

}  // namespace

TEST_CASE("a tokenizer of each type is trained and reads its text back") {
  scratch const in;
  auto const type = GENERATE(as<std::string>{}, "bpe", "sentencepiece-bpe", "unigram", "char");
  std::string const told = output_of({command(), "train-tokenizer", in.text, "--type", type, "--vocab-size", "600",
                                      "--special", "<|endoftext|>", "-o", in.out});
  CHECK(told.starts_with(in.out + ": "));
  CHECK((type == "char" || told == in.out + ": 600 tokens\n"));
  auto const ids = output_of({command(), "tokenize", in.out, "-p", "a tokenizer is read once"});
  CHECK(output_of({command(), "detokenize", in.out, "--ids", ids}) == "a tokenizer is read once\n");
  auto const end = output_of({command(), "tokenize", in.out, "-p", "<|endoftext|>", "--no-special"});
  CHECK(end.find(' ') == std::string::npos);  // one token
  CHECK(names_in(in.folder / "made").size() == 2);
}

TEST_CASE("texts may be JSON lines and folders, and may end before the vocabulary does") {
  scratch const in;
  fs::create_directories(in.folder / "texts");
  std::ofstream(in.folder / "texts/a.jsonl") << "{\"text\": \"abab\"}\n{\"text\": \"ab\"}\n";
  std::string const told =
      output_of({command(), "train-tokenizer", (in.folder / "texts").string(), "--vocab-size", "300", "-o", in.out});
  CHECK(told == in.out + ": 258 tokens, the text has no more to merge for 300\n");
  CHECK(output_of({command(), "tokenize", in.out, "-p", "abab"}) == "257\n");
}

TEST_CASE("train-tokenizer refuses what it cannot do, and leaves nothing") {
  scratch const in;
  auto const call = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"train-tokenizer", in.text, "-o", in.out});
    return more;
  };
  check_refusal(call({}), "--vocab-size is 0, bpe needs at least 1");
  check_refusal(call({"--vocab-size", "100"}),
                "a vocabulary of 100 is too small: 256 bytes and 0 special tokens need 256");
  check_refusal(call({"--vocab-size", "300", "--special", "a", "--special", "a"}),
                "the special token a is named twice");
  CHECK(refusal(call({"--type", "char", "--vocab-size", "5"}))
            .starts_with("a vocabulary of 5 is too small: the text has "));
  CHECK(refusal(call({"--vocab-size", "300", "--pattern", "("})).starts_with("--pattern: "));
  CHECK(refusal(call({"--type", "unigram", "--vocab-size", "90000"}))
            .starts_with("a vocabulary of 90000 is too large: the text gives at most "));
  CHECK(refusal(call({"--type", "sentencepiece-bpe", "--vocab-size", "9"}))
            .starts_with(
                "a vocabulary of 9 is too small: the characters of the text and the tokens that are not learnt need "));
  CHECK_FALSE(fs::exists(in.out));
  std::string const empty = (in.folder / "empty.txt").string();
  std::ofstream(empty).flush();
  check_refusal({"train-tokenizer", empty, "--vocab-size", "300", "-o", in.out}, empty + ": the file is empty");
  check_refusal({"train-tokenizer", "nowhere", "--vocab-size", "300", "-o", in.out},
                "nowhere: No such file or directory");
  check_refusal({"train-tokenizer", in.text, "--vocab-size", "300", "-o", in.text + "/x"},
                in.text + "/x: cannot be made: Not a directory");
  CHECK_FALSE(fs::exists(in.out));
}

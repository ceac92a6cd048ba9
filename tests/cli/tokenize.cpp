// tokenize and detokenize of the command: any tokenizer file, no model.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "programs.hpp"
#include "refusal.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;

std::string fixture(std::string const& name) { return source("tests/text/fixtures/" + name).string(); }

}  // namespace

TEST_CASE("tokenize and detokenize of a tokenizer file, of a folder and of a model's folder") {
  std::string const gpt2 = fixture("gpt2");
  auto const ids = output_of({command(), "tokenize", gpt2, "-p", "the clock"});
  CHECK(output_of({command(), "tokenize", gpt2 + "/vocab.json", "-p", "the clock"}) == ids);
  CHECK(output_of({command(), "detokenize", gpt2, "--ids", ids}) == "the clock\n");
  CHECK(output_of({command(), "tokenize", source("models/sort").string(), "-p", "CBA"}) == "2 1 0\n");
}

TEST_CASE("tokenize: special tokens may be left out") {
  std::string const bert = fixture("bert");
  auto const with = output_of({command(), "tokenize", bert, "-p", "the"});
  auto const without = output_of({command(), "tokenize", bert, "-p", "the", "--no-special"});
  CHECK(with.size() > without.size());
  CHECK(with.find(" " + without.substr(0, without.size() - 1) + " ") != std::string::npos);
}

TEST_CASE("tokenize takes standard input as it is, blanks and line ends at its end too") {
  std::string const text = "  two lines \n\n of it \t\n";
  auto const ids = output_of({command(), "tokenize", fixture("gpt2"), "-f", "-"}, {.input = text});
  CHECK(output_of({command(), "detokenize", fixture("gpt2"), "-f", "-"}, {.input = ids}) == text + "\n");
  CHECK(output_of({command(), "tokenize", fixture("gpt2"), "-f", "-"}) == "\n");
}

TEST_CASE("tokenize and detokenize refuse what they cannot read") {
  std::string const gpt2 = fixture("gpt2");
  check_refusal({"tokenize", gpt2}, "one of --prompt and --file is required", 2);
  check_refusal({"tokenize", gpt2, "-p", "a", "-f", "b"}, "--prompt excludes --file", 2);
  check_refusal({"tokenize", gpt2, "-p", "a\xFF"}, "--prompt: byte 0xFF at offset 1 of 2 is not UTF-8");
  check_refusal({"tokenize", gpt2, "-f", "nowhere"}, "nowhere: cannot be read: No such file or directory");
  check_refusal({"tokenize", "nowhere", "-p", "a"}, "nowhere: does not exist");
  check_refusal({"detokenize", gpt2, "--ids", "1,x"}, "--ids: entry 1, 'x', is not a token id");
  CHECK(refusal({"detokenize", gpt2, "--ids", "1,99999"}).starts_with("--ids: id 99999 at place 1 is not in the"));
}

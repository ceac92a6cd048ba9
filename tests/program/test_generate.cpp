#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <string>

#include "toy_program.hpp"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

std::string repeated(std::string const& word, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += (i > 0 ? "," : "") + word;
  return out;
}

}  // namespace

TEST_CASE("greedy ids follow the largest logit and stop where text would") {
  toy_program const toy;
  // Position p is that of the last token: three prompt ids, so the first choice is script[2].
  auto const run = toy.run_script("9,9,260,261,262,2,263", {"--ids", "5,6,7", "--temp", "0", "--print-ids"});
  CHECK(run.status == 0);
  CHECK(run.out == "260 261 262\n");
  CHECK_THAT(run.err, ContainsSubstring("greedy (temp 0)"));
  CHECK_THAT(run.err, ContainsSubstring("prefill: 3 tokens"));
  CHECK_THAT(run.err, ContainsSubstring("decode: 3 tokens"));

  auto const on = toy.run_script("9,9,260,261,262,2,263",
                                 {"--ids", "5,6,7", "--temp", "0", "--print-ids", "--ignore-eos", "-n", "6"});
  CHECK(on.out == "260 261 262 2 263 9\n");
}

TEST_CASE("-n bounds the tokens, and without it the context does") {
  toy_program const toy;
  CHECK(toy.run_script("260", {"--ids", "5", "--temp", "0", "--print-ids", "-n", "3"}).out == "260 260 260\n");
  CHECK(toy.run_script("260", {"--ids", "5", "--temp", "0", "--print-ids", "-n", "0"}).out == "\n");

  // A context of 4 with one token in it gives 4 more: the last one need not fit.
  auto const full = toy.run_script("260", {"--ids", "5", "--temp", "0", "--print-ids", "-c", "4"});
  CHECK(full.out == "260 260 260 260\n");
  CHECK_THAT(full.err, ContainsSubstring("stopped: the context of 4 tokens is full"));
}

TEST_CASE("text mode prints the prompt and what follows as one text") {
  toy_program const toy;
  // <s>, dummy blank, a, b: the prompt ends at position 3.
  auto const run = toy.run_script("9,9,9,262,263,1", {"-p", "ab", "--temp", "0"});
  CHECK(run.status == 0);
  CHECK(run.out == "abcd\n");
  CHECK_THAT(run.err, ContainsSubstring("prefill: 4 tokens"));
}

TEST_CASE("a prompt may come from a file and from standard input") {
  toy_program const toy;
  auto const path = toy.with_content("prompt.txt", "ab");
  CHECK(toy.run({"-f", path, "-n", "0"}).out == "ab\n");
  process_options options;
  options.input = "xyz";
  CHECK(toy.run({"-f", "-", "-n", "0"}, options).out == "xyz\n");
}

TEST_CASE("UTF-8 that comes in pieces is printed whole, and what stays incomplete as U+FFFD") {
  toy_program const toy;
  // The bytes of é, 0xC3 0xA9, are the ids 198 and 172.
  CHECK(toy.run_script("9,9,198,172,2", {"-p", "a", "--temp", "0"}).out == "a\xC3\xA9\n");
  CHECK(toy.run_script("9,9,198,2", {"-p", "a", "--temp", "0"}).out == "a\xEF\xBF\xBD\n");
  CHECK(toy.run_script("9,9,198,260,2", {"-p", "a", "--temp", "0"}).out ==
        "a\xEF\xBF\xBD"
        "a\n");
}

TEST_CASE("ids that the vocabulary pads itself with give no text") {
  toy_program const toy;
  CHECK(toy.run_script("9,9,287,260,2", {"-p", "a", "--temp", "0"}).out == "aa\n");
}

TEST_CASE("the same seed draws the same tokens, another one others") {
  toy_program const toy;
  auto const draw = [&](char const* seed, char const* sampler) {
    return toy
        .run({"--ids", "5", "--temp", "3", "--top-p", "1", "--ignore-eos", "--print-ids", "-s", seed, "--sampler",
              sampler})
        .out;
  };
  for (char const* sampler : {"standard", "llama2c"}) {
    CAPTURE(sampler);
    auto const first = draw("7", sampler);
    CHECK(first == draw("7", sampler));
    CHECK(first != draw("8", sampler));
  }
  auto const run = toy.run({"--ids", "5", "-n", "1"});
  CHECK_THAT(run.err, ContainsSubstring("temp 0.8, top-k 40, top-p 0.95, min-p 0.05, seed "));
  auto const penalised = toy.run({"--ids", "5", "-n", "1", "--repeat-penalty", "1.1", "-s", "3"});
  CHECK_THAT(
      penalised.err,
      ContainsSubstring("repeat-penalty 1.1, presence-penalty 0, frequency-penalty 0, repeat-last-n 64, seed 3"));
}

TEST_CASE("an empty prompt is the token that begins a text") {
  toy_program const toy;
  auto const run = toy.run_script("260,2", {"--temp", "0"});
  CHECK(run.status == 0);
  CHECK(run.out == "a\n");
  CHECK_THAT(run.err, ContainsSubstring("prefill: 1 tokens"));
  CHECK(toy.run_script("260,2", {"-p", "", "--temp", "0"}).out == "a\n");
}

TEST_CASE("numbers beyond the compiled capacity are refused with both") {
  toy_program const toy;
  auto const context = toy.run({"--ids", "5", "-c", "25"});
  CHECK(context.status == 1);
  CHECK(context.err == "toy: error: --ctx-size 25 is above the compiled capacity of 24 tokens\n");

  auto const prompt = toy.run({"--ids", repeated("5", 25), "--print-ids"});
  CHECK(prompt.status == 1);
  CHECK(prompt.err == "toy: error: the prompt has 25 tokens, the context holds 24\n");
  CHECK(toy.run({"--ids", repeated("5", 24), "--print-ids", "-n", "1"}).status == 0);
  CHECK(toy.run({"--ids", "5,5,5", "-c", "2"}).err == "toy: error: the prompt has 3 tokens, the context holds 2\n");
}

TEST_CASE("ids that are none or not in the vocabulary are refused") {
  toy_program const toy;
  auto const refused = [&](std::string const& ids) {
    auto const run = toy.run({"--ids", ids, "--print-ids"});
    CHECK(run.status == 1);
    CHECK(run.out.empty());
    return run.err;
  };
  CHECK(refused("5,288") == "toy: error: --ids: id 288 at place 1 is not in the vocabulary of 288\n");
  CHECK(refused("-1") == "toy: error: --ids: id -1 at place 0 is not in the vocabulary of 288\n");
  CHECK(refused("5,x") == "toy: error: --ids: entry 1, 'x', is not a token id\n");
  CHECK(refused("99999999999") == "toy: error: --ids: entry 0, '99999999999', is not a token id\n");
  CHECK(refused("5.5") == "toy: error: --ids: entry 0, '5.5', is not a token id\n");
  CHECK(refused("") == "toy: error: --ids: the list is empty\n");
}

TEST_CASE("text that is not UTF-8 is refused with the place of the first bad byte") {
  toy_program const toy;
  CHECK(toy.run({"-p", "ab\xFF"}).err == "toy: error: --prompt: byte 0xFF at offset 2 of 3 is not UTF-8\n");
  CHECK(toy.run({"-p", "\xE2\x82"}).status == 1);          // cut short
  CHECK(toy.run({"-p", "\xC0\xAF"}).status == 1);          // overlong
  CHECK(toy.run({"-p", "\xED\xA0\x80"}).status == 1);      // surrogate
  CHECK(toy.run({"-p", "\xF4\x90\x80\x80"}).status == 1);  // above U+10FFFF
  CHECK(toy.run({"-p", "\xF0\x9F\x98\x80", "-n", "0"}).out == "\xF0\x9F\x98\x80\n");
  auto const path = toy.with_content("bad.txt", "a\x80");
  CHECK(toy.run({"-f", path}).err == "toy: error: " + path + ": byte 0x80 at offset 1 of 2 is not UTF-8\n");
}

TEST_CASE("a prompt file that cannot be read is named with the reason") {
  toy_program const toy;
  CHECK(toy.run({"-f", "/nonexistent/x"}).err ==
        "toy: error: /nonexistent/x: cannot be read: No such file or directory\n");
  CHECK_THAT(toy.run({"-f", "/"}).err, ContainsSubstring("/: cannot be read: Is a directory"));
}

TEST_CASE("without a tokenizer only ids work") {
  toy_program const toy(toy_program::kind::decoder, {.tokenizer = false});
  CHECK(toy.run_script("260,2", {"--ids", "5", "--temp", "0", "--print-ids"}).out == "260\n");
  auto const text = toy.run({"-p", "a"});
  CHECK(text.status == 1);
  CHECK(text.err ==
        "toy: error: --prompt needs a tokenizer and toy was built without one; give token ids with --ids\n");
  CHECK_THAT(toy.run({"--ids", "5"}).err, ContainsSubstring("printing text (without --print-ids) needs a tokenizer"));
  CHECK(toy.run({"tokenize", "-p", "a"}).status == 1);
}

TEST_CASE("a command line that makes no sense ends with status 2 and one line") {
  toy_program const toy;
  for (auto const& arguments : std::vector<std::vector<std::string>>{{"--no-such-option"},
                                                                     {"-n", "many"},
                                                                     {"-n", "-2"},
                                                                     {"-c", "-1"},
                                                                     {"-t", "-1"},
                                                                     {"-t", "5000"},
                                                                     {"nonsense"},
                                                                     {"-p", "a", "--ids", "5"},
                                                                     {"-p", "a", "-p", "b"},
                                                                     {"-n", "3", "score", "-p", "a"},
                                                                     {"score"},
                                                                     {"--temp", "-1"},
                                                                     {"--temp", "nan"},
                                                                     {"--top-p", "1.5"},
                                                                     {"--top-k", "-1"},
                                                                     {"--min-p", "2"},
                                                                     {"--repeat-penalty", "0"},
                                                                     {"--repeat-last-n", "-2"},
                                                                     {"--sampler", "other"},
                                                                     {"--sampler", "llama2c", "--top-k", "5"},
                                                                     {"-s", "x"},
                                                                     {"-p"}}) {
    auto const run = toy.run(arguments);
    CAPTURE(arguments, run.err);
    CHECK(run.status == 2);
    CHECK(run.out.empty());
    CHECK_THAT(run.err, StartsWith("toy: error: ") && EndsWith("\n"));
    CHECK(run.err.find('\n') == run.err.size() - 1);
  }
}

TEST_CASE("options take what follows them, whatever it looks like") {
  toy_program const toy;
  CHECK(toy.run({"-p", "score", "-n", "0"}).out == "score\n");
  CHECK(toy.run({"-p", "-n", "-n", "0"}).out == "-n\n");
  CHECK(toy.run({"-p", "[a,b]", "-n", "0"}).out == "[a,b]\n");
  CHECK(toy.run({"--ids", "5", "-n", "0", "--print-ids", "--presence-penalty", "-0.5"}).status == 0);
}

TEST_CASE("a reader that goes away ends the program without a word, a full disk with a sentence") {
  toy_program const toy;
  process_options gone;
  gone.closed_output = true;
  auto const run = toy.run({"--ids", "5", "--print-ids"}, gone);
  CHECK(run.status == 141);
  CHECK_THAT(run.err, !ContainsSubstring("error"));

  process_options full;
  full.output_to = "/dev/full";
  auto const disk = toy.run({"--ids", "5", "--print-ids"}, full);
  CHECK(disk.status == 1);
  CHECK_THAT(disk.err, EndsWith("toy: error: standard output cannot be written: No space left on device\n"));
}

TEST_CASE("help and version need no model") {
  toy_program const toy;
  std::filesystem::remove(toy.packed());
  CHECK_THAT(toy.run({"--help"}).out, ContainsSubstring("--ctx-size"));
  CHECK_THAT(toy.run({"bench", "--help"}).out, ContainsSubstring("--repetitions"));
  CHECK_THAT(toy.run({"--version"}).out, StartsWith("toy (constformer "));
}

TEST_CASE("packed data in the program need no file") {
  toy_program const toy(toy_program::kind::embedded);
  CHECK(toy.run_script("9,9,262,2", {"-p", "a", "--temp", "0"}).out == "ac\n");
}

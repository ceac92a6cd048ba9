// Ways of generating beside plain sampling: beams, batches of lines, log-probabilities, stop strings, forced
// beginnings.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "toy_model.hpp"
#include "toy_program.hpp"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::WithinAbs;

namespace {

std::vector<std::string> lines_of(std::string const& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// ln softmax of the toy's logits around `peak`.
double log_probability(int id, int peak) {
  double sum = 0;
  for (int i = 0; i < toy::vocab; ++i) sum += std::exp(static_cast<double>(toy::logit(i, peak)));
  return static_cast<double>(toy::logit(id, peak)) - std::log(sum);
}

}  // namespace

TEST_CASE("beams: the best hypotheses, best first, with their scores and the end token") {
  toy_program const toy;
  std::string const script = "9,9,260,261,2";
  auto const run = toy.run_script(
      script, {"--ids", "5,6,7", "--beam-size", "3", "--n-best", "3", "--scores", "--print-ids", "-n", "3"});
  CHECK(run.status == 0);
  CHECK_THAT(run.err, ContainsSubstring("search: beam-size 3, beam-rule hf, length-penalty 1"));
  auto const lines = lines_of(run.out);
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[0], EndsWith("\t260 261 2"));
  double const best = (log_probability(260, 260) + log_probability(261, 261) + log_probability(2, 2)) / 3;
  CHECK_THAT(std::stod(lines[0]), WithinAbs(best, 1e-5));
  CHECK(std::stod(lines[0]) >= std::stod(lines[1]));
  CHECK(std::stod(lines[1]) >= std::stod(lines[2]));

  for (char const* rule : {"hf", "lecture", "ct2"}) {
    auto const one = toy.run_script(script, {"--ids", "5,6,7", "--beam-size", "2", "--beam-rule", rule, "--print-ids"});
    INFO(rule);
    CHECK(one.out.starts_with("260 261 2"));
    CHECK(lines_of(one.out).size() == 1);
  }
  CHECK(toy.run_script(script, {"--ids", "5,6,7", "--beam-size", "2", "--temp", "0", "--print-ids"}).out ==
        "260 261 2\n");
  CHECK(toy.run_script("9,9,9,262,263,2", {"-p", "ab", "--beam-size", "4", "-n", "3"}).out == "abcd\n");
}

TEST_CASE("values of a search that make no sense are usage errors") {
  toy_program const toy;
  auto const refused = [&](std::vector<std::string> arguments, char const* sentence) {
    arguments.insert(arguments.begin(), {"--ids", "5"});
    auto const run = toy.run(arguments);
    CHECK(run.status == 2);
    CHECK_THAT(run.err, ContainsSubstring(sentence));
    CHECK(run.out.empty());
  };
  refused({"--beam-size", "0"}, "--beam-size=0 is not between 1 and 1024");
  refused({"--beam-size", "2", "--n-best", "3"}, "--n-best=3 is not between 1 and beam-size=2");
  refused({"--beam-rule", "best"}, "--beam-rule: 'best' is none of hf, lecture, ct2");
  refused({"--early-stopping", "maybe"}, "--early-stopping: 'maybe' is none of true, false, never");
  refused({"--beam-rule", "ct2", "--early-stopping", "true"}, "early stopping belongs to beam-rule=hf");
  refused({"--coverage-penalty", "0.5"}, "--coverage-penalty=0.5 belongs to beam-rule=ct2, but beam-rule=hf");
  refused({"--coverage-penalty", "0.5", "--beam-rule", "ct2"}, "the model has no source that could be covered");
  refused({"--beam-size", "2", "--temp", "0.5"}, "beams are searched without sampling options");
  refused({"--beam-size", "2", "--temp", "0", "--top-k", "3"}, "beams are searched without sampling options");
  refused({"--beam-size", "2", "--logprobs", "1"}, "--logprobs is for sampling");
  refused({"--beam-size", "2", "--stop", "x"}, "--stop is for sampling");
  refused({"--logprobs", "1", "--print-ids"}, "--logprobs prints ids itself");
  refused({"--logprobs", "-1"}, "--logprobs -1 is not between 0 and the vocabulary of 288");
  refused({"--stop", "x", "--print-ids"}, "--stop is for text");
  refused({"--stop", ""}, "--stop: the text is empty");
  refused({"--batch-lines"}, "--batch-lines needs --file");
}

TEST_CASE("log-probabilities of the chosen and of the likeliest tokens") {
  toy_program const toy;
  auto const run =
      toy.run_script("9,9,260,261,2", {"--ids", "5,6,7", "--temp", "0", "--logprobs", "3", "--repeat-penalty", "1.3"});
  CHECK(run.status == 0);
  auto const lines = lines_of(run.out);
  REQUIRE(lines.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    int const peak = 260 + static_cast<int>(i);
    std::istringstream in(lines[i]);
    int id = 0;
    double chosen = 0;
    in >> id >> chosen;
    CHECK(id == peak);
    CHECK_THAT(chosen, WithinAbs(log_probability(peak, peak), 1e-5));
    for (int const expected : {peak, peak - 1, peak + 1}) {
      int other = 0;
      char colon = 0;
      double value = 0;
      in >> other >> colon >> value;
      CHECK(other == expected);
      CHECK_THAT(value, WithinAbs(log_probability(other, peak), 1e-5));
    }
  }
}

TEST_CASE("stop strings end the text before them, wherever tokens meet") {
  toy_program const toy;
  auto const run = [&](std::vector<std::string> const& stops) {
    std::vector<std::string> arguments{"-p", "ab", "--temp", "0"};
    for (auto const& stop : stops) arguments.insert(arguments.end(), {"--stop", stop});
    return toy.run_script("9,9,9,262,263,262,264,1", arguments).out;  // c d c e
  };
  CHECK(run({}) == "abcdce\n");
  CHECK(run({"cd"}) == "ab\n");
  CHECK(run({"dc"}) == "abc\n");
  CHECK(run({"ce"}) == "abcd\n");
  CHECK(run({"ce", "dc"}) == "abc\n");
  CHECK(run({"cx", "ex"}) == "abcdce\n");  // what looked like a beginning is printed at the end
  CHECK(run({"ab"}) == "abcdce\n");        // the prompt does not count
  // A character of two tokens: é is 198, 172.
  CHECK(toy.run_script("9,9,198,172,260,1", {"-p", "a", "--temp", "0", "--stop", "\xC3\xA9"}).out == "a\n");
}

TEST_CASE("a forced beginning is given to the model and printed") {
  toy_program const toy;
  // <s>, dummy blank, a, b, then c: one of the script's places is passed over.
  auto const plain = toy.run_script("9,9,9,9,9,264,1", {"-p", "ab", "--prefix", "c", "--temp", "0", "-n", "3"});
  CHECK(plain.status == 0);
  CHECK(plain.out.starts_with("ab"));
  CHECK_THAT(plain.out, ContainsSubstring("c"));
  auto const ids = toy.run({"-p", "ab", "--prefix", "c", "-n", "0", "--print-ids"});
  CHECK(lines_of(ids.out).size() == 1);
  CHECK_THAT(ids.out, EndsWith("262\n"));
  auto const beams =
      toy.run({"-p", "ab", "--prefix", "c", "-n", "1", "--print-ids", "--beam-size", "2", "--n-best", "2"});
  for (auto const& line : lines_of(beams.out)) CHECK_THAT(line, ContainsSubstring("262 "));
}

TEST_CASE("each line of a batch gives what it gives alone, seeds included") {
  toy_program const toy;
  std::string text;
  std::vector<std::string> lines;
  for (int i = 0; i < 23; ++i) lines.push_back(std::string(static_cast<std::size_t>(i % 5), 'a') + "b");
  lines[4].clear();  // as an empty prompt
  for (auto const& line : lines) text += line + "\n";
  auto const file = toy.with_content("lines.txt", text);
  for (std::vector<std::string> const& way : {std::vector<std::string>{"-s", "7", "--temp", "1.5"},
                                              {"-s", "8", "--print-ids", "--repeat-penalty", "1.2"},
                                              {"-s", "9", "--logprobs", "2", "-n", "4"},
                                              {"-s", "3", "--stop", "c", "-n", "9"},
                                              {"--beam-size", "3", "-n", "4", "--scores"}}) {
    std::string expected;
    for (auto const& line : lines) {
      auto arguments = way;
      arguments.insert(arguments.end(), {"-p", line});
      expected += toy.run_script("260,263,262,2,266", arguments).out;
    }
    auto arguments = way;
    arguments.insert(arguments.end(), {"-f", file, "--batch-lines"});
    auto const batch = toy.run_script("260,263,262,2,266", arguments);
    INFO(way.back());
    CHECK(batch.status == 0);
    CHECK(batch.out == expected);
  }
  auto const empty = toy.run({"-f", toy.with_content("empty.txt", ""), "--batch-lines"});
  CHECK(empty.status == 1);
  CHECK_THAT(empty.err, ContainsSubstring("empty.txt: there are no lines"));
  auto const much = toy.run({"-f", toy.with_content("long.txt", "a\n" + std::string(40, 'b')), "--batch-lines"});
  CHECK(much.status == 1);
  CHECK_THAT(much.err, ContainsSubstring("tokens, the context holds 24"));
  CHECK(much.out.empty());
}

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>
#include <vector>

#include "process.hpp"
#include "scratch_folder.hpp"
#include "toy_program.hpp"

// Whole programs are counted, start-up included: as tokens more or less make no difference, no token costs an
// allocation.

namespace {

std::vector<std::vector<std::string>> const choices{
    {"--temp", "0"},
    {"--temp", "0", "--print-ids"},
    {"--temp", "2", "--top-k", "0"},
    {"--temp", "2", "--repeat-penalty", "1.3", "--repeat-last-n", "-1"},
    {"--sampler", "llama2c"},
};

template <class Run>
long count(Run run, std::vector<std::string> const& choice, char const* tokens, char const* threads) {
  std::vector<std::string> arguments{"-p", "a", "-s", "1", "--ignore-eos", "-t", threads, "-n", tokens};
  arguments.insert(arguments.end(), choice.begin(), choice.end());
  outcome const r = run(std::move(arguments));
  INFO(r.err);
  REQUIRE(r.status == 0);
  std::string const label = "allocations ";
  auto const at = r.err.find(label);
  REQUIRE(at != std::string::npos);
  long const allocations = std::stol(r.err.substr(at + label.size()));
  CHECK(allocations > 0);  // start-up's
  return allocations;
}

// Builds the model that ships with the repository and links it once more, with the counters. The empty string if it
// failed.
std::string counting_model(scratch_folder const& folder) {
  auto const source = from_environment("CONSTFORMER_SOURCE");
  auto const built = run_process({from_environment("CONSTFORMER_COMMAND"), "build", source + "/models/shakespeare",
                                  "-o", folder / "model", "--keep", folder / "keep"});
  INFO(built.err);
  REQUIRE(built.status == 0);
  std::string line = built.out.empty() ? built.err : built.out;  // the commands that build it by hand
  std::string const output = " -o " + folder / "model";
  auto const at = line.rfind(output);
  REQUIRE(at != std::string::npos);
  line.replace(at, output.size(),
               " " + source + "/tests/program/count_allocations.cpp " COUNTING_FLAGS " -o " + folder / "counting");
  auto const linked = run_process({"/bin/sh", "-c", line});
  INFO(linked.err);
  REQUIRE(linked.status == 0);
  return folder / "counting";
}

}  // namespace

TEST_CASE("a toy run of 20 tokens allocates as often as one of 2") {
  toy_program const toy(toy_program::kind::counting);
  auto const run = [&](std::vector<std::string> arguments) { return toy.run(std::move(arguments)); };
  for (auto const& choice : choices) {
    CAPTURE(choice);
    CHECK(count(run, choice, "2", "1") == count(run, choice, "20", "1"));
  }
}

TEST_CASE("a real model's run of 24 tokens allocates as often as one of 4, with threads too") {
  scratch_folder const folder;
  auto const model = counting_model(folder);
  auto const run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), model);
    return run_process(arguments);
  };
  for (auto const& choice : choices) {
    CAPTURE(choice);
    CHECK(count(run, choice, "4", "1") == count(run, choice, "24", "1"));
  }
  CHECK(count(run, choices.front(), "4", "2") == count(run, choices.front(), "24", "2"));
}

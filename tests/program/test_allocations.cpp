#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "toy_program.hpp"

namespace {

long allocations(std::string const& err) {
  std::string const label = "allocations ";
  auto const at = err.find(label);
  REQUIRE(at != std::string::npos);
  return std::stol(err.substr(at + label.size()));
}

}  // namespace

// The whole program is counted, start-up included: as tokens more or less make no difference, no token costs an allocation.
TEST_CASE("a run of 20 tokens allocates as often as one of 2") {
  toy_program const toy(toy_program::kind::counting);
  for (auto const& options :
       std::vector<std::vector<std::string>>{{"--temp", "0"},
                                             {"--temp", "0", "--print-ids"},
                                             {"--temp", "2", "--top-k", "0"},
                                             {"--temp", "2", "--repeat-penalty", "1.3", "--repeat-last-n", "-1"},
                                             {"--sampler", "llama2c"}}) {
    auto const count = [&](char const* tokens) {
      std::vector<std::string> arguments{"-p", "a", "-s", "1", "--ignore-eos", "-n", tokens};
      arguments.insert(arguments.end(), options.begin(), options.end());
      auto const run = toy.run(arguments);
      REQUIRE(run.status == 0);
      return allocations(run.err);
    };
    CAPTURE(options);
    CHECK(count("2") == count("20"));
  }
}

// A decoder that embeds, in a sentence-transformers folder of the oldest layout; make_embedding_decoder.py wrote it.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;
using Catch::Matchers::ContainsSubstring;

std::string embedder() { return program("embedding_decoder", source("tests/real/embedding_decoder")); }

std::vector<double> numbers(std::string const& line) {
  std::istringstream in(line);
  std::vector<double> out;
  for (double value = 0; in >> value;) out.push_back(value);
  return out;
}

}  // namespace

TEST_CASE("a decoder without a head embeds as sentence-transformers does") {
  auto const model = embedder();
  for (auto const& one : read_json(source("tests/real/embedding_decoder/golden.json"))) {
    std::vector<std::string> line{model, "embed", "-p", one.at("text")};
    for (auto const& argument : one.at("arguments")) line.push_back(argument);
    CAPTURE(one.dump());
    auto const ours = numbers(output_of(line));
    auto const theirs = one.at("embedding").get<std::vector<double>>();
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) CHECK(std::abs(ours[i] - theirs[i]) < 1e-5);
    line.insert(line.end(), {"-t", "3"});
    CHECK(numbers(output_of(line)) == ours);
  }
}

TEST_CASE("a decoder without a head says so, and shows what it asks for") {
  auto const model = embedder();
  auto const shown = nlohmann::json::parse(output_of({model, "info", "--json"})).at("embedding");
  CHECK(shown.at("steps").dump() == R"(["pool mean+last without the prompt","dense 16 to 6, Tanh","normalize"])");
  CHECK(shown.at("dimensions") == 5);
  CHECK(shown.at("max_sequence") == 16);
  CHECK(shown.at("default_prompt") == "query");
  for (char const* const asked : {"score", "chat"}) {
    auto const refused = run({model, asked, "-p", "a"});
    CAPTURE(asked);
    CHECK(refused.status != 0);
  }
  CHECK_THAT(run({model, "-p", "a"}).err, ContainsSubstring("was saved without its head"));
}

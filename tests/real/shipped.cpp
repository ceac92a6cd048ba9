// The two models of the repository, through the command line.
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "programs.hpp"
#include "running.hpp"

namespace {

using namespace end_to_end;

void check_golden(std::string const& model, nlohmann::json const& golden) {
  auto const prompt = golden.at("prompt").get<std::string>();
  auto const ids = golden.at("prompt_ids").get<std::vector<int>>();
  auto const greedy = golden.at("greedy_ids").get<std::vector<int>>();
  std::string const n = std::to_string(greedy.size());
  CHECK(output_of({model, "tokenize", "-p", prompt}) == joined(ids, ' ') + "\n");
  CHECK(output_of({model, "--ids", joined(ids, ','), "-n", n, "--temp", "0", "--print-ids"}) ==
        joined(greedy, ' ') + "\n");
  CHECK(output_of({model, "-p", prompt, "-n", n, "--temp", "0"}) ==
        prompt + golden.at("text").get<std::string>() + "\n");
}

}  // namespace

TEST_CASE("models/sort gives its golden ids and text") {
  check_golden(program("sort", source("models/sort")), read_json(source("models/sort/golden.json")));
}

TEST_CASE("models/shakespeare gives its golden ids and text") {
  check_golden(program("shakespeare", source("models/shakespeare")),
               read_json(source("models/shakespeare/golden.json")));
}

TEST_CASE("a program answers info, score, bench, help and version") {
  auto const model = program("shakespeare", source("models/shakespeare"));
  auto const info = nlohmann::json::parse(output_of({model, "info", "--json"}));
  CHECK(info.at("parameters") ==
        nlohmann::json::parse(output_of({command(), "inspect", source("models/shakespeare").string(), "--json"}))
            .at("parameters"));
  CHECK(output_of({model, "score", "-p", "JULIET:\nO Romeo"}).find("perplexity") != std::string::npos);
  auto const rates =
      nlohmann::json::parse(output_of({model, "bench", "-p", "8", "-n", "8", "-r", "1", "-t", "1,2", "-o", "json"}));
  CHECK_FALSE(rates.empty());
  CHECK(output_of({model, "--help"}).find("--repeat-penalty") != std::string::npos);
  CHECK(output_of({model, "--version"}).find("constformer") != std::string::npos);
}

TEST_CASE("smaller matrices of the Shakespeare model shrink its program and keep its text readable") {
  std::string const text = "JULIET:\nO Romeo, Romeo! wherefore art thou Romeo?\n";
  auto const full = program("shakespeare_f32", source("models/shakespeare"), {"--dtype", "f32"});
  auto const full_bytes = static_cast<double>(std::filesystem::file_size(kept("shakespeare_f32") / "model.weights"));
  auto const loss = [&](std::string const& model) {
    std::string const out = output_of({model, "score", "-p", text});
    auto const at = out.find("perplexity");
    REQUIRE(at != std::string::npos);
    return std::stod(out.substr(out.find_first_of("0123456789", at)));
  };
  double const exact = loss(full);
  struct {
    std::string type;
    double size, loss;  // at most this much of the f32 program's, and this far from its perplexity
  } const cases[]{
      {"bf16", 0.52, 1e-6}, {"f16", 0.52, 0.01}, {"q8_0", 0.29, 0.02}, {"q4_0", 0.17, 0.15}, {"iq4_nl", 0.17, 0.15}};
  for (auto const& [type, most, far] : cases) {
    CAPTURE(type);
    auto const name = "shakespeare_" + type;
    auto const model = program(name, source("models/shakespeare"), {"--dtype", type});
    CHECK(static_cast<double>(std::filesystem::file_size(kept(name) / "model.weights")) < full_bytes * most);
    CHECK(std::abs(loss(model) - exact) <= far * exact);
    CHECK(output_of({model, "--temp", "0", "-n", "40", "-p", "ROMEO:", "-t", "1"}) ==
          output_of({model, "--temp", "0", "-n", "40", "-p", "ROMEO:", "-t", "2"}));
  }
}

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include "npy_file.hpp"
#include "toy_model.hpp"
#include "toy_program.hpp"

using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

std::map<std::string, double> fields(std::string const& text) {
  std::istringstream in(text);
  std::map<std::string, double> out;
  for (std::string name, value; in >> name >> value;) out[name] = std::stod(value);
  return out;
}

// −ln p of `id` under the toy's logits with the given peak, in long double.
double expected_nll(int id, int peak) {
  long double sum = 0;
  for (int i = 0; i < toy::vocab; ++i) sum += std::exp(static_cast<long double>(toy::logit(i, peak)));
  return static_cast<double>(std::log(sum) - static_cast<long double>(toy::logit(id, peak)));
}

}  // namespace

TEST_CASE("score sums the negative log-likelihood of every token but the first") {
  toy_program const toy;
  auto const run = toy.run_script("260,270,280", {"score", "--ids", "5,260,20,281"});
  REQUIRE(run.status == 0);
  auto const f = fields(run.out);
  double const nll = expected_nll(260, 260) + expected_nll(20, 270) + expected_nll(281, 280);
  CHECK(f.at("tokens") == 4);
  CHECK(f.at("predicted") == 3);
  CHECK(f.at("nll") == Approx(nll).epsilon(1e-5));
  CHECK(f.at("mean_nll") == Approx(nll / 3).epsilon(1e-5));
  CHECK(f.at("perplexity") == Approx(std::exp(nll / 3)).epsilon(1e-5));
}

TEST_CASE("score writes the logits of every row as npy") {
  toy_program const toy;
  auto const path = toy.file("logits.npy");
  REQUIRE(toy.run_script("260,270", {"score", "--ids", "5,6,7", "-o", path.string()}).status == 0);
  npy_file const npy(path);
  CHECK_THAT(npy.dict, StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 288), }"));
  REQUIRE(npy.values.size() == 3 * 288);
  CHECK(npy.values[260] == toy::logit(260, 260));
  CHECK(npy.values[288 + 3] == toy::logit(3, 270));
  CHECK(npy.values[2 * 288 + 287] == toy::logit(287, 260));
}

TEST_CASE("one token foretells nothing") {
  toy_program const toy;
  auto const run = toy.run({"score", "--ids", "5"});
  CHECK(run.status == 0);
  CHECK_THAT(run.out, ContainsSubstring("predicted 0\nnll 0\nmean_nll nan\n") ||
                          ContainsSubstring("predicted 0\nnll 0\nmean_nll -nan\n"));
}

TEST_CASE("a file longer than the context is scored in windows that do not overlap") {
  toy_program const toy;
  // <s>, dummy blank and 48 letters: 50 tokens, windows of 24, 24 and 2.
  auto const path = toy.with_content("long.txt", std::string(48, 'a'));
  auto const run = toy.run_script("260", {"score", "-f", path});
  REQUIRE(run.status == 0);
  auto const f = fields(run.out);
  CHECK(f.at("tokens") == 50);
  CHECK(f.at("windows") == 3);
  CHECK(f.at("predicted") == 47);
  CHECK(f.at("nll") == Approx(46 * expected_nll(260, 260) + expected_nll(259, 260)).epsilon(1e-5));

  auto const smaller = fields(toy.run({"score", "-f", path, "-c", "10"}).out);
  CHECK(smaller.at("windows") == 5);
  CHECK(smaller.at("predicted") == 45);
}

TEST_CASE("what does not fit into one window is refused where windows would not do") {
  toy_program const toy;
  auto const path = toy.with_content("long.txt", std::string(48, 'a'));
  auto const npy = toy.file("logits.npy").string();
  CHECK_THAT(toy.run({"score", "-f", path, "-o", npy}).err,
             ContainsSubstring("the text has 50 tokens, the context holds 24"));
  CHECK_THAT(toy.run({"score", "-p", std::string(48, 'a')}).err,
             ContainsSubstring("the text has 50 tokens, the context holds 24"));
  CHECK(toy.other_files() == std::vector<std::string>{"long.txt"});
}

TEST_CASE("an output that cannot be written is named, and nothing half-written stays") {
  toy_program const toy;
  auto const folder = toy.file("folder");
  std::filesystem::create_directory(folder);
  auto const to = [&](std::string const& path) { return toy.run({"score", "--ids", "5,6", "-o", path}); };
  CHECK(to(folder.string()).err == "toy: error: " + folder.string() + ": cannot be written: Is a directory\n");
  CHECK_THAT(to(toy.file("missing/x.npy").string()).err,
             ContainsSubstring("x.npy: cannot be written: No such file or directory"));
  CHECK_THAT(to("/dev/full").err, ContainsSubstring("/dev/full: cannot be written: No space left on device"));
  CHECK(to(folder.string()).status == 1);
  CHECK(toy.other_files() == std::vector<std::string>{"folder"});
}

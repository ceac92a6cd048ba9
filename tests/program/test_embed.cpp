#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "npy_file.hpp"
#include "toy_model.hpp"
#include "toy_program.hpp"

using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

std::vector<float> numbers(std::string const& text) {
  std::istringstream in(text);
  std::vector<float> out;
  for (std::string word; in >> word;) out.push_back(std::stof(word));
  return out;
}

toy_program make(toy::packed_choice const& choice = {}) { return toy_program(toy_program::kind::encoder, choice); }

}  // namespace

TEST_CASE("embed pools the hidden states") {
  auto const toy = make();
  auto const pooled = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"embed", "--ids", "8,16,6"});
    auto const run = toy.run(options);
    REQUIRE(run.status == 0);
    return numbers(run.out);
  };
  auto const mean = pooled({});
  auto const cls = pooled({"--pool", "cls"});
  auto const pooler = pooled({"--pool", "pooler"});
  auto const all = pooled({"--pool", "none"});
  auto const last = pooled({"--pool", "last"});
  auto const max = pooled({"--pool", "max"});
  auto const by_root = pooled({"--pool", "mean_sqrt_len"});
  auto const weighted = pooled({"--pool", "weighted_mean"});
  REQUIRE(mean.size() == toy::width);
  REQUIRE(all.size() == 3 * toy::width);
  for (int j = 0; j < toy::width; ++j) {
    auto const i = static_cast<std::size_t>(j);
    CHECK(mean[i] == toy::hidden(10, 0, j));  // linear in the id, so the mean is that of the mean id
    CHECK(cls[i] == toy::hidden(8, 0, j));
    CHECK(pooler[i] == toy::pooled(8, j));
    CHECK(all[2 * toy::width + i] == toy::hidden(6, 0, j));
    CHECK(last[i] == toy::hidden(6, 0, j));
    CHECK(max[i] == std::max({toy::hidden(8, 0, j), toy::hidden(16, 0, j), toy::hidden(6, 0, j)}));
    CHECK(by_root[i] == Approx(mean[i] * std::sqrt(3.0F)));
    CHECK(weighted[i] ==
          Approx((toy::hidden(8, 0, j) + 2 * toy::hidden(16, 0, j) + 3 * toy::hidden(6, 0, j)) / 6).margin(1e-6));
  }
}

TEST_CASE("--normalize gives every row length 1") {
  auto const toy = make();
  auto const rows = numbers(toy.run({"embed", "--ids", "8,16", "--pool", "none", "--normalize"}).out);
  REQUIRE(rows.size() == 2 * toy::width);
  for (std::size_t r = 0; r < 2; ++r) {
    double squares = 0;
    for (std::size_t j = 0; j < toy::width; ++j) squares += std::pow(static_cast<double>(rows[r * toy::width + j]), 2);
    CHECK(squares == Approx(1).epsilon(1e-6));
  }
}

TEST_CASE("segments reach the model") {
  auto const toy = make();
  auto const rows = numbers(toy.run({"embed", "--ids", "8,16", "--segments", "0,1", "--pool", "none"}).out);
  REQUIRE(rows.size() == 2 * toy::width);
  CHECK(rows[toy::width] == toy::hidden(16, 1, 0));
  CHECK_THAT(toy.run({"embed", "--ids", "8,16", "--segments", "0"}).err,
             ContainsSubstring("1 segments were given for 2 tokens"));
  CHECK_THAT(toy.run({"embed", "--ids", "8", "--segments", "2"}).err,
             ContainsSubstring("segment 2 is not below the 2 of the model"));
  CHECK(toy.run({"embed", "-p", "a", "--segments", "0"}).status == 2);
}

TEST_CASE("embed writes npy: (d_model) pooled, (tokens, d_model) unpooled") {
  auto const toy = make();
  auto const path = toy.file("e.npy");
  auto const run = toy.run({"embed", "--ids", "8,16,6", "-o", path.string()});
  CHECK(run.out.empty());
  CHECK_THAT(npy_file(path).dict, StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (8,), }"));
  REQUIRE(toy.run({"embed", "--ids", "8,16,6", "--pool", "none", "-o", path.string()}).status == 0);
  npy_file const all(path);
  CHECK_THAT(all.dict, StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 8), }"));
  CHECK(all.values.size() == 24);
}

TEST_CASE("text longer than the model's files ask for is cut, longer than the model takes is refused") {
  auto const toy = make({.max_sequence = 4});
  auto const run = toy.run({"embed", "-p", "abcdef", "--pool", "none"});
  CHECK(numbers(run.out).size() == 4 * toy::width);
  CHECK_THAT(run.err, ContainsSubstring("the text has 8 tokens; the first 4 are used"));
  auto const free = make();
  CHECK_THAT(free.run({"embed", "-p", std::string(48, 'a')}).err,
             ContainsSubstring("the text has 50 tokens, the model takes at most 24"));
}

TEST_CASE("decoders and encoders refuse each other's commands") {
  auto const encoder = make();
  CHECK_THAT(encoder.run({"-p", "a"}).err, ContainsSubstring("toy is an encoder (bert)"));
  CHECK_THAT(encoder.run({"score", "-p", "a"}).err, ContainsSubstring("score needs a decoder"));
  toy_program const decoder;
  auto const run = decoder.run({"embed", "-p", "a"});
  CHECK(run.status == 1);
  CHECK_THAT(run.err, ContainsSubstring("toy is a decoder (llama); embed needs an encoder"));
  CHECK(encoder.run({"embed", "-p", "a", "--pool", "median"}).status == 2);
}

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
using constformer::embedding_step_kind;
using constformer::pooling_kind;

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

TEST_CASE("the files' steps are the default, and the command line overrules pooling and length") {
  std::vector<float> const matrix{1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0};
  auto const toy = make({.embedding = {.steps = {{.poolings = {pooling_kind::cls}},
                                                 {.kind = embedding_step_kind::dense, .inputs = 8, .outputs = 2},
                                                 {.kind = embedding_step_kind::normalize}}},
                         .modules = matrix});
  auto const embedded = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"embed", "--ids", "8,16"});
    auto const run = toy.run(options);
    INFO(run.err);
    REQUIRE(run.status == 0);
    return numbers(run.out);
  };
  CHECK(embedded({"--no-normalize"}) == std::vector{toy::hidden(8, 0, 0), 2 * toy::hidden(8, 0, 1)});
  CHECK(embedded({"--no-normalize", "--pool", "last"}) ==
        std::vector{toy::hidden(16, 0, 0), 2 * toy::hidden(16, 0, 1)});
  CHECK(embedded({"--pool", "none"}).size() == 2 * toy::width);
  auto const row = embedded({});
  CHECK(std::hypot(row[0], row[1]) == Approx(1).epsilon(1e-6));
  auto const shown = toy.run({"info"}).out;
  CHECK_THAT(shown, ContainsSubstring(R"(["pool cls","dense 8 to 2, Identity","normalize"])"));
  auto const misfit = toy.run({"embed", "--ids", "8", "--pool", "cls,mean"});
  CHECK(misfit.status == 1);
  CHECK_THAT(misfit.err, ContainsSubstring("a module after pooling reads 8 values, pooled are 16"));
}

TEST_CASE("poolings are joined, and dimensions are kept as the files ask") {
  auto const toy = make({.embedding = {.dimensions = 3}});
  CHECK(numbers(toy.run({"embed", "--ids", "8,16"}).out).size() == 3);
  auto const free = make();
  auto const joined = numbers(free.run({"embed", "--ids", "8,16", "--pool", "last,cls"}).out);
  REQUIRE(joined.size() == 2 * toy::width);
  CHECK(joined[0] == toy::hidden(16, 0, 0));
  CHECK(joined[toy::width] == toy::hidden(8, 0, 0));
  CHECK(free.run({"embed", "--ids", "8", "--pool", "cls,none"}).status == 2);
}

TEST_CASE("prompts of the files stand before the text") {
  auto const toy = make({.embedding = {.prompts = {{"query", "ab"}, {"document", ""}}, .default_prompt = "query"}});
  auto const plain = make();
  auto const rows = [](toy_program const& program, std::vector<std::string> options) {
    options.insert(options.begin(), {"embed", "--pool", "none"});
    return program.run(options).out;
  };
  auto const whole = rows(plain, {"-p", "abcd"});
  CHECK(rows(toy, {"-p", "cd"}) == whole);
  CHECK(rows(toy, {"-p", "cd", "--prompt-name", "query"}) == whole);
  CHECK(rows(toy, {"-p", "d", "--prefix", "abc"}) == whole);
  CHECK(rows(toy, {"-p", "abcd", "--prompt-name", "document"}) == whole);
  CHECK(rows(toy, {"-p", "abcd", "--prefix", ""}) == whole);
  CHECK(rows(toy, {"--ids", "8,16"}) == rows(plain, {"--ids", "8,16"}));
  CHECK_THAT(toy.run({"embed", "-p", "a", "--prompt-name", "passage"}).err,
             ContainsSubstring("has no prompt 'passage', it has query, document"));
  CHECK_THAT(plain.run({"embed", "-p", "a", "--prompt-name", "query"}).err, ContainsSubstring("it has none at all"));
  CHECK(toy.run({"embed", "-p", "a", "--prompt-name", "query", "--prefix", "b"}).status == 2);
  CHECK(toy.run({"embed", "--ids", "8", "--prefix", "b"}).status == 2);
}

TEST_CASE("a pooling that leaves the prompt out looks at the text alone") {
  auto const toy = make({.embedding = {.steps = {{.poolings = {pooling_kind::cls}, .include_prompt = false}},
                                       .prompts = {{"query", "ab"}},
                                       .default_prompt = "query"}});
  auto const plain = make();
  auto const all = numbers(plain.run({"embed", "-p", "abcd", "--pool", "none"}).out);
  auto const before = numbers(plain.run({"embed", "-p", "ab", "--pool", "none"}).out).size();
  auto const first = numbers(toy.run({"embed", "-p", "cd"}).out);
  REQUIRE(first.size() == toy::width);
  for (std::size_t i = 0; i < toy::width; ++i) CHECK(first[i] == all[before + i]);
}

TEST_CASE("decoders embed: the last token, or what the command line asks for") {
  toy_program const decoder;
  auto const last = numbers(decoder.run({"embed", "--ids", "8,16"}).out);
  auto const mean = numbers(decoder.run({"embed", "--ids", "8,16", "--pool", "mean"}).out);
  REQUIRE(last.size() == toy::width);
  REQUIRE(mean.size() == toy::width);
  CHECK(last[0] == toy::hidden(16, 0, 0));
  CHECK(mean[0] == toy::hidden(12, 0, 0));
  CHECK_THAT(decoder.run({"embed", "--ids", "8", "--pool", "pooler"}).err, ContainsSubstring("has no pooler"));
}

TEST_CASE("encoders refuse the commands of decoders") {
  auto const encoder = make();
  CHECK_THAT(encoder.run({"-p", "a"}).err, ContainsSubstring("toy is an encoder (bert)"));
  CHECK_THAT(encoder.run({"score", "-p", "a"}).err, ContainsSubstring("score needs a decoder"));
  CHECK(encoder.run({"embed", "-p", "a", "--pool", "median"}).status == 2);
}

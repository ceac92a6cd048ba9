// What is done to hidden states and to long texts, against sentence-transformers and tokenizers;
// make_embedding_vectors.py wrote the vectors.
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "constformer/checkpoint/embedding.hpp"
#include "constformer/core/error.hpp"
#include "program/embedding_steps.hpp"
#include "program/truncation.hpp"
#include "toy_model.hpp"

using namespace constformer;
using namespace constformer::program;
using Catch::Approx;
using nlohmann::json;

namespace {

json vectors(char const* name) {
  std::ifstream file(std::string(std::getenv("CONSTFORMER_SOURCE")) + "/tests/program/" + name);
  return json::parse(file);
}

embedding_step step_of(json const& s) {
  embedding_step out{.kind = kind_from<embedding_step_kind>(s.at("kind").get<std::string>()).value()};
  out.of_tokens = s.value("of_tokens", false);
  for (auto const& name : s.value("poolings", std::vector<std::string>()))
    out.poolings.push_back(kind_from<pooling_kind>(name).value());
  out.include_prompt = s.value("include_prompt", true);
  out.inputs = s.value("inputs", 0);
  out.outputs = s.value("outputs", 0);
  out.activation = kind_from<dense_activation>(s.value("activation", "Identity")).value();
  out.bias = s.value("bias", false);
  out.residual = s.value("residual", false);
  out.offset = s.value("offset", 0);
  return out;
}

embedded_rows hidden_of(std::vector<int> const& ids) {
  embedded_rows rows{{}, toy::width};
  for (int const id : ids)
    for (int j = 0; j < toy::width; ++j) rows.values.push_back(toy::hidden(id, 0, j));
  return rows;
}

std::span<float const> no_pooler() { throw error("no pooler"); }

// first, first + 1, …
std::vector<int> numbered(int first, int count) {
  std::vector<int> out;
  for (int i = 0; i < count; ++i) out.push_back(first + i);
  return out;
}

}  // namespace

TEST_CASE("modules give what those of sentence-transformers give") {
  for (auto const& one : vectors("embedding_steps.json")) {
    CAPTURE(one.at("steps").dump());
    std::vector<embedding_step> steps;
    for (auto const& s : one.at("steps")) steps.push_back(step_of(s));
    auto const weights = one.at("weights").get<std::vector<float>>();
    auto rows = hidden_of(one.at("ids"));
    run_steps(steps, std::as_bytes(std::span(weights)), no_pooler, one.at("prompt"), rows);
    auto const want = one.at("want").get<std::vector<float>>();
    CHECK(rows.pooled);
    REQUIRE(rows.values.size() == want.size());
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(rows.values[i] == Approx(want[i]).margin(2e-6));
  }
}

TEST_CASE("steps that do not fit are refused") {
  auto rows = hidden_of({8, 16});
  std::vector<float> const weights(8 * 4);
  auto const run = [&](embedding_step const& step, std::size_t skipped = 0) {
    run_steps(std::span(&step, 1), std::as_bytes(std::span(weights)), no_pooler, skipped, rows);
  };
  using Catch::Matchers::Message;
  embedding_step dense{.kind = embedding_step_kind::dense, .inputs = 9, .outputs = 4};
  CHECK_THROWS_MATCHES(run(dense), error, Message("a module after pooling reads 9 values, pooled are 8"));
  dense.inputs = 8;
  CHECK_NOTHROW(run(dense));
  rows = hidden_of({8, 16});
  dense.offset = 4;
  auto const damaged =
      Message("the packed file is damaged: a step of its embedding reaches beyond the section modules");
  CHECK_THROWS_MATCHES(run(dense), error, damaged);
  dense.offset = 2;
  CHECK_THROWS_MATCHES(run(dense), error, damaged);
  dense = {.kind = embedding_step_kind::dense, .inputs = 8, .outputs = 1 << 30};
  CHECK_THROWS_MATCHES(run(dense), error, damaged);
  CHECK_THROWS_MATCHES(run({.poolings = {pooling_kind::mean}, .include_prompt = false}, 2), error,
                       Message("the prompt alone has 2 tokens, nothing of the text is left to pool"));
}

TEST_CASE("long texts are cut as the tokenizers library cuts them") {
  for (auto const& one : vectors("truncations.json")) {
    CAPTURE(one.dump());
    auto const lengths = one.at("lengths").get<std::vector<int>>();
    std::vector<std::vector<int>> parts{numbered(3, lengths[0])};
    encoded_pair input{.ids = {1}, .segments = {}};
    auto const append = [&](std::vector<int> const& part) {
      input.ids.insert(input.ids.end(), part.begin(), part.end());
      input.ids.push_back(2);
    };
    append(parts[0]);
    input.segments.assign(input.ids.size(), 0);
    if (lengths.size() > 1) append(parts.emplace_back(numbered(33, lengths[1])));
    input.segments.resize(input.ids.size(), 1);
    auto const longest = one.at("longest").get<std::size_t>();
    if (input.ids.size() > longest) truncate(input, parts, longest, one.at("left"));
    CHECK(input.ids == one.at("ids").get<std::vector<int>>());
    CHECK(input.segments == one.at("segments").get<std::vector<int>>());
  }
}

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "toy_program.hpp"

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using nlohmann::json;

TEST_CASE("tokenize and detokenize are each other's inverse") {
  toy_program const toy;
  CHECK(toy.run({"tokenize", "-p", "ab"}).out == "1 259 260 261\n");
  CHECK(toy.run({"tokenize", "-p", "ab", "--no-special"}).out == "259 260 261\n");
  CHECK(toy.run({"detokenize", "--ids", "1 259 260 261"}).out == "ab\n");
  CHECK(toy.run({"detokenize", "-f", toy.with_content("ids.txt", "1,259\n260, 261\n")}).out == "ab\n");
  CHECK(toy.run({"detokenize", "--ids", "286"}).err ==
        "toy: error: --ids: id 286 at place 0 is not in the vocabulary of 286\n");
  CHECK(toy.run({"tokenize"}).status == 2);
  CHECK(toy.run({"detokenize"}).status == 2);
}

TEST_CASE("info names every hyperparameter") {
  toy_program const toy;
  auto const text = toy.run({"info"}).out;
  for (char const* name : {"family", "parameters", "weight_bytes", "cache_bytes", "workspace_bytes", "target", "layers",
                           "head_dim", "capacity", "theta", "norm_eps", "1e-05", "a.weight", "[8,4]"})
    CHECK_THAT(text, ContainsSubstring(name));

  auto const j = json::parse(toy.run({"info", "--json"}).out);
  CHECK(j["name"] == "toy model");
  CHECK(j["family"] == "llama");
  CHECK(j["parameters"] == 1234);
  CHECK(j["weight_bytes"] == 256);
  CHECK(j["stop_ids"] == json({1, 2}));
  CHECK(j["config"]["capacity"] == 24);
  CHECK(j["config"]["rope"]["theta"] == 10000.0);
  CHECK(j["tokenizer"]["vocab"] == 286);
  CHECK(j["tensors"].size() == 2);
  CHECK(j["tensors"][1]["offset"] == 128);
}

TEST_CASE("bench measures prefill and decode, or encode") {
  toy_program const toy;
  auto const j = json::parse(toy.run({"bench", "-p", "8", "-n", "4", "-r", "3", "-t", "1,2", "-o", "json"}).out);
  REQUIRE(j.size() == 4);
  CHECK(j[0]["test"] == "prefill");
  CHECK(j[1]["test"] == "decode");
  CHECK(j[3]["threads"] == 2);
  for (auto const& row : j) {
    CHECK(row["least"].get<double>() > 0);
    CHECK(row["least"].get<double>() <= row["tokens_per_second"].get<double>());
    CHECK(row["tokens_per_second"].get<double>() <= row["most"].get<double>());
  }
  CHECK_THAT(toy.run({"bench", "-r", "1"}).out,
             StartsWith("| model | parameters |"));  // 128 and 64 are cut to what fits
  CHECK_THAT(toy.run({"bench", "-p", "25"}).err,
             ContainsSubstring("--prompt 25 is above the compiled capacity of 24 tokens"));
  CHECK(toy.run({"bench", "-r", "0"}).status == 2);
  CHECK(toy.run({"bench", "-o", "xml"}).status == 2);
  CHECK(toy.run({"bench", "-t", "0"}).status == 2);
  CHECK_THAT(toy.run({"bench", "--beam-size", "2"}).err,
             ContainsSubstring("bench searches beams with --source-ids only"));
  CHECK(toy.run({"bench", "--source-ids", "1,2"}).status == 1);

  toy_program const encoder(toy_program::kind::encoder);
  auto const e = json::parse(encoder.run({"bench", "-r", "2", "-t", "1", "-o", "json"}).out);
  REQUIRE(e.size() == 1);
  CHECK(e[0]["test"] == "encode");
}

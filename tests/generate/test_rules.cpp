// Rules against transformers' logits processors, and what a sampler under rules takes for the prompt.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/generate/logit_rules.hpp"
#include "constformer/generate/sampler.hpp"

using namespace constformer;

namespace {

constexpr int vocab = 12;

logit_rules rules_of(nlohmann::json const& r) {
  logit_rules out;
  out.repetition_penalty = r.value("repetition_penalty", 1.0F);
  out.no_repeat_ngram = r.value("no_repeat_ngram", 0);
  out.source_no_repeat_ngram = r.value("source_no_repeat_ngram", 0);
  out.bad_words = r.value("bad_words", std::vector<std::vector<int>>());
  out.suppressed = r.value("suppressed", std::vector<int>());
  out.begin_suppressed = r.value("begin_suppressed", std::vector<int>());
  out.stop_ids = r.value("stop_ids", std::vector<int>());
  out.min_length = r.value("min_length", 0);
  out.min_new_tokens = r.value("min_new_tokens", 0);
  if (r.contains("forced_first")) out.forced_first = r["forced_first"].get<int>();
  out.forced_last = r.value("forced_last", std::vector<int>());
  out.max_new_tokens = r.value("max_new_tokens", -1);
  return out;
}

}  // namespace

TEST_CASE("rules leave the rows that transformers' processors leave") {
  std::ifstream in(RULE_VECTORS);
  auto const cases = nlohmann::json::parse(in);
  REQUIRE(cases.size() > 100);
  for (auto const& c : cases) {
    CAPTURE(c.dump());
    auto row = c["row"].get<std::vector<float>>();
    auto context = c["prompt"].get<std::vector<int>>();
    int const prompt = static_cast<int>(context.size());
    for (int const id : c["chosen"]) context.push_back(id);
    auto const source = c["source"].get<std::vector<int>>();
    auto const rules = rules_of(c["rules"]);
    check_rules(rules, vocab);
    apply_rules(rules, {context, prompt, source}, row);
    for (std::size_t i = 0; i < row.size(); ++i) {
      auto const& want = c["want"][i];
      CHECK(row[i] == (want.is_null() ? -std::numeric_limits<float>::infinity() : want.get<float>()));
    }
  }
}

TEST_CASE("a sampler under rules takes for the prompt what comes before its first choice") {
  logit_rules rules;
  rules.begin_suppressed = {3};
  rules.bad_words = {{2, 3}};
  auto const choose = make_ruled_sampler(make_sampler({.temperature = 0}, vocab, 8), rules, {}, vocab, 8);
  std::vector<float> row(vocab, 0.0F);
  row[3] = 2;
  row[5] = 1;
  for (int round = 0; round < 2; ++round) {
    choose->restart();
    choose->accept(1);
    CHECK(choose->choose(row) == 5);
    choose->accept(5);
    CHECK(choose->choose(row) == 3);
    choose->accept(2);
    CHECK(choose->choose(row) == 5);
  }
}

TEST_CASE("a penalty sees the whole context and forgets it with the text") {
  auto const choose = make_sampler({.temperature = 0, .repeat_penalty = 4, .repeat_last_n = -1}, vocab, 100);
  std::vector<float> row(vocab, 0.0F);
  row[3] = 2;
  row[5] = 1;
  choose->accept(3);
  for (int i = 0; i < 90; ++i) choose->accept(0);
  CHECK(choose->choose(row) == 5);
  choose->restart();
  CHECK(choose->choose(row) == 3);
}

TEST_CASE("rules with ids outside the vocabulary are refused") {
  logit_rules rules;
  rules.bad_words = {{1, vocab}};
  CHECK_THROWS_AS(check_rules(rules, vocab), error);
  rules.bad_words = {{-1}};
  CHECK_THROWS_AS(check_rules(rules, vocab), error);
}

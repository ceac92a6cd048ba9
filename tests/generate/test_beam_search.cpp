// Beam searches against those of transformers, ctranslate2 and the lecture, token by token and score by score.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "allocations.hpp"
#include "constformer/generate/beam_search.hpp"
#include "fake_beams.hpp"

using namespace constformer;

namespace {

beam_options options_of(nlohmann::json const& o) {
  std::string const rule = o["rule"];
  std::string const stopping = o["stopping"];
  return {.rule = rule == "hf"        ? beam_rule::hugging_face
                  : rule == "lecture" ? beam_rule::lecture
                                      : beam_rule::ctranslate2,
          .beams = o["beams"],
          .length_penalty = o["length_penalty"],
          .stopping = stopping == "yes"  ? early_stopping::yes
                      : stopping == "no" ? early_stopping::no
                                         : early_stopping::never,
          .best = o["best"],
          .no_repeat_ngram = o["no_repeat_ngram"]};
}

struct vectors {
  nlohmann::json json;
  std::vector<float> table;

  vectors() {
    std::ifstream file(std::string(std::getenv("CONSTFORMER_SOURCE")) + "/tests/generate/beam_vectors.json");
    json = nlohmann::json::parse(file);
    table = json["table"].get<std::vector<float>>();
  }

  [[nodiscard]] int vocab_of(nlohmann::json const& c) const { return c.value("vocab", json["table_vocab"].get<int>()); }

  // Logits by a hash of all tokens, or by the last token and its position.
  [[nodiscard]] made_up_session::row_maker rows_of(nlohmann::json const& c) const {
    if (c.contains("seed"))
      return [seed = c["seed"].get<std::uint32_t>(), scale = c["scale"].get<float>()](
                 std::span<int const> tokens, std::span<float> logits) { hashed_logits(seed, scale, tokens, logits); };
    return [this](std::span<int const> tokens, std::span<float> logits) {
      std::size_t const row = (tokens.size() - 1) * logits.size() + static_cast<std::size_t>(tokens.back());
      std::copy_n(table.begin() + static_cast<std::ptrdiff_t>(row * logits.size()), logits.size(), logits.begin());
    };
  }
};

struct found_text {
  double score;
  std::vector<int> ids;
};

std::vector<found_text> copy_of(std::span<beam_hypothesis const> found) {
  std::vector<found_text> out;
  for (auto const& h : found) out.push_back({static_cast<double>(h.score), {h.ids.begin(), h.ids.end()}});
  return out;
}

}  // namespace

TEST_CASE("beam searches find what their originals find, with the same scores") {
  vectors const v;
  constexpr int capacity = 90;
  int compared = 0;
  for (auto const& c : v.json["cases"]) {
    INFO(c.dump());
    auto const stop_ids = c["stop_ids"].get<std::vector<int>>();
    auto const prompt = c["prompt"].get<std::vector<int>>();
    auto const prefix = c["prefix"].get<std::vector<int>>();
    auto const options = options_of(c["options"]);
    made_up_session model(capacity, options.beams, v.vocab_of(c), v.rows_of(c));
    beam_search search(options, stop_ids, v.vocab_of(c), capacity);
    beam_request const request{.prompt = prompt, .prefix = prefix, .max_tokens = c["max_tokens"]};
    long const before = allocations_so_far();
    auto const found = search.run(model, request);
    CHECK(allocations_so_far() == before);
    auto const first = copy_of(found);
    auto const& expected = c["found"];
    REQUIRE(first.size() == expected.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
      auto ids = first[i].ids;
      if (options.rule == beam_rule::ctranslate2 && ids.size() > prefix.size() &&
          std::ranges::find(stop_ids, ids.back()) != stop_ids.end())
        ids.pop_back();  // it leaves the end token out
      CHECK(ids == expected[i]["ids"].get<std::vector<int>>());
      double const score = expected[i]["score"];
      CHECK_THAT(first[i].score, Catch::Matchers::WithinAbs(score, 2e-6 * std::max(1.0, std::fabs(score))));
      ++compared;
    }
    model.rewind(0);
    auto const again = copy_of(search.run(model, request));
    for (std::size_t i = 0; i < first.size(); ++i) CHECK(again[i].ids == first[i].ids);
  }
  CHECK(compared > 150);
}

// The end token, 0, is the likeliest of three throughout.
TEST_CASE("a hypothesis may be told not to end at once, and CTranslate2's others share what its end had") {
  constexpr float end = 2, one = 1, two = 0;
  auto const rows = [](std::span<int const>, std::span<float> logits) {
    logits[0] = end;
    logits[1] = one;
    logits[2] = two;
  };
  std::vector const stop_ids{0}, prompt{1}, prefix{2};
  double const all = std::log(std::exp(2.0) + std::exp(1.0) + 1), rest = std::log(std::exp(1.0) + 1);
  for (auto const rule : {beam_rule::hugging_face, beam_rule::ctranslate2}) {
    CAPTURE(name_of(rule));
    made_up_session model(8, 2, 3, rows);
    beam_search search({.rule = rule, .beams = 2, .length_penalty = 0}, stop_ids, 3, 8);
    auto const found = copy_of(search.run(model, {.prompt = prompt, .prefix = {}, .min_tokens = 1}));
    CHECK(found.front().ids == std::vector{1, 0});
    double const first = 1 - (rule == beam_rule::ctranslate2 ? rest : all);
    CHECK_THAT(found.front().score, Catch::Matchers::WithinAbs(first + 2 - all, 2e-6));
    model.rewind(0);
    CHECK(copy_of(search.run(model, {.prompt = prompt, .prefix = prefix, .min_tokens = 1})).front().ids ==
          std::vector{2, 0});  // a prefix counts
    model.rewind(0);
    CHECK(copy_of(search.run(model, {.prompt = prompt, .prefix = {}})).front().ids == std::vector{0});
  }
}

TEST_CASE("a search ends where the context does") {
  made_up_session model(10, 2, 20, [](auto tokens, auto logits) { hashed_logits(1, 4.0F, tokens, logits); });
  beam_search search({.beams = 2, .best = 2}, {}, 20, 10);
  std::vector<int> const prompt{1, 2, 3};
  std::vector<int> const prefix{4, 5};
  auto const found = search.run(model, {.prompt = prompt, .prefix = prefix, .max_tokens = -1});
  REQUIRE(found.size() == 2);
  CHECK(found[0].ids.size() == 2 + 6);
  CHECK(found[0].ids[1] == 5);
  CHECK(found[0].score >= found[1].score);
}

TEST_CASE("options and requests that make no sense are refused") {
  using Catch::Matchers::Message;
  auto const refused = [](beam_options const& options, char const* sentence) {
    CHECK_THROWS_MATCHES(beam_search(options, {}, 20, 10), error, Message(sentence));
  };
  refused({.beams = 0}, "beam search: beam-size=0 is not between 1 and 1024");
  refused({.best = 5}, "beam search: n-best=5 is not between 1 and beam-size=4");
  refused({.no_repeat_ngram = -1}, "beam search: no-repeat-ngram-size=-1 is negative");
  refused({.rule = beam_rule::lecture, .stopping = early_stopping::yes},
          "beam search: early stopping belongs to beam-rule=hf, but beam-rule=lecture");
  refused({.coverage_penalty = 0.2F}, "beam search: coverage-penalty=0.2 belongs to beam-rule=ct2, but beam-rule=hf");
  refused({.rule = beam_rule::ctranslate2, .coverage_penalty = -101},
          "beam search: coverage-penalty=-101 is not between -100 and 100");

  made_up_session model(4, 2, 20, [](auto tokens, auto logits) { hashed_logits(1, 4.0F, tokens, logits); });
  beam_search four({}, {}, 20, 4);
  beam_search two({.beams = 2}, {}, 20, 4);
  std::vector<int> const ids{1, 2, 3};
  CHECK_THROWS_MATCHES(four.run(model, {.prompt = ids, .prefix = {}}), error,
                       Message("beam search: 4 beams are wanted, the session holds 2 sequences"));
  CHECK_THROWS_MATCHES(two.run(model, {.prompt = ids, .prefix = ids}), error,
                       Message("beam search: prompt and prefix have 6 tokens, the context has room for 4"));
  CHECK_THROWS_MATCHES(two.run(model, {.prompt = {}, .prefix = {}}), error,
                       Message("beam search: there are no tokens to go on from"));
  beam_search covering({.rule = beam_rule::ctranslate2, .beams = 2, .coverage_penalty = 0.2F}, {}, 20, 4);
  CHECK_THROWS_MATCHES(covering.run(model, {.prompt = ids, .prefix = {}}), error,
                       Message("source_attention: this model has no encoder beside a decoder"));
}

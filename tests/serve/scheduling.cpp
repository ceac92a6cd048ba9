// Any number of requests at once: each gives what it gives alone, whatever arrives, is cancelled, preempted or kept;
// and the books are in order after every pass.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "fake_executor.hpp"
#include "recorder.hpp"
#include "serve/decoder_loop.hpp"
#include "serve/draft_guesses.hpp"
#include "serve/prompt_lookup.hpp"

using namespace constformer;
using namespace constformer::serve;

namespace {

constexpr int vocab = fake_executor::vocab;
constexpr int capacity = 160;

struct setting {
  int blocks = 0;
  int sequences = 0;
  int rows = 0;
  int budget = 0;
  enum class guesses { none, lookup, draft } guess = guesses::none;
  bool reserve = false;  // and the model's logits depend on the length of the prompt
  bool whole = false;    // and the model wants it in one pass
  bool own = false;      // and each text has all blocks of a sequence
};

// Blocks of the longest sequence.
constexpr int longest = capacity / 16;

// A draft of half the capacity, which is right as often as the likeliest token comes.
std::shared_ptr<guess_source> source_of(setting const& s) {
  if (s.guess == setting::guesses::none) return nullptr;
  if (s.guess == setting::guesses::lookup) return std::make_shared<prompt_lookup>();
  draft_limits const limits{.tokens = 1 + s.rows % 8, .sequences = s.sequences};
  auto const how = draft_guesses::options_for(limits, capacity / 2, 1);
  return std::make_shared<draft_guesses>(
      std::make_unique<fake_executor>(how.blocks, 16 + s.sequences, how.capacity, how.logit_rows, false), limits);
}

struct server {
  fake_executor model;
  decoder_loop loop;
  int budget;

  explicit server(setting const& s)
      : model(s.blocks, s.rows, capacity, std::max(s.sequences, 12)),
        loop(model,
             {.sequences = s.sequences,
              .budget = s.budget,
              .secret = {1, 2},
              .reserve = s.reserve,
              .whole = s.whole,
              .each = s.own ? longest : 0,
              .guesses = source_of(s)},
             vocab),
        budget(s.whole ? s.rows : std::max({s.budget, s.sequences, s.guess == setting::guesses::none ? 0 : 16})) {
    model.minds_lengths = s.reserve;
    model.minds_cuts = s.whole;
    model.blocks_of_each = s.own ? longest : 0;
  }

  bool step() {
    bool const went_on = loop.step();
    if (auto const mistake = loop.first_mistake(); !mistake.empty()) FAIL(mistake);
    REQUIRE(model.most_rows() <= static_cast<std::size_t>(budget));
    return went_on;
  }
};

std::vector<int> alone(generation_request const& request, setting const& like, recorder& to) {
  setting s = like;
  s.blocks = longest * request.choices;
  s.sequences = request.choices;
  s.rows = 200;
  s.budget = 0;
  s.guess = setting::guesses::none;
  server one(s);
  one.budget = 200;
  auto sink = std::shared_ptr<recorder>(&to, [](recorder*) {});
  one.loop.add(one.loop.make(1, request, sink));
  while (!one.loop.idle()) REQUIRE(one.step());
  return {};
}

class dice {
 public:
  explicit dice(std::uint32_t seed) : random_(seed) {}
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint32_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }

 private:
  std::mt19937 random_;
};

// Prompts of few kinds, so that many begin alike.
generation_request some_request(dice& d, std::uint64_t seed) {
  generation_request r;
  int const kind = d.below(3);
  int const length = 1 + d.below(90);
  for (int i = 0; i < length; ++i) r.prompt.push_back((i * (kind + 2) + kind) % 9);
  if (d.chance(50)) r.prompt.back() = d.below(9);
  r.sampling = {.temperature = d.chance(30) ? 0.0F : 1.0F, .top_k = 0, .top_p = 1, .min_p = 0};
  r.sampling.repeat_penalty = d.chance(30) ? 1.2F : 1.0F;
  r.sampling.seed = seed;
  r.bias = {{fake_executor::poison, -1e9F}};
  r.max_tokens = 1 + d.below(60);
  if (d.chance(50)) r.stop_ids = {9};
  r.choices = d.chance(30) ? 1 + d.below(4) : 1;
  r.logprobs = d.chance(70) ? d.below(4) : -1;
  r.prompt_logprobs = d.chance(20);
  r.priority = d.chance(20) ? d.below(3) : 0;
  r.cache_prompt = d.chance(90);
  r.salt = d.chance(20) ? "other" : "";
  return r;
}

struct arrival {
  generation_request request;
  std::shared_ptr<recorder> sink;
  bool cancelled = false;
};

void check(arrival const& a, setting const& s) {
  REQUIRE(a.sink->ends == 1);
  REQUIRE(a.sink->in_order);
  if (a.cancelled) return;
  REQUIRE(a.sink->why == "");
  recorder expected;
  expected.ends_text = a.sink->ends_text;
  alone(a.request, s, expected);
  REQUIRE(a.sink->choices == expected.choices);
  REQUIRE(a.sink->prompt == expected.prompt);
  REQUIRE(a.sink->used.completion_tokens == expected.used.completion_tokens);
}

// Arrivals, cancellations and clients that take nothing for a while, in a random order.
engine_stats run_at_random(std::uint32_t seed, setting const& like, bool& drafts) {
  dice d(seed);
  setting s{.blocks = 10 + d.below(40), .sequences = 1 + d.below(8), .rows = 16 + d.below(120), .budget = 0};
  s.rows = std::max(s.rows, s.sequences);
  s.budget = 1 + d.below(s.rows);
  s.guess = static_cast<setting::guesses>(d.below(3));
  drafts = s.guess == setting::guesses::draft;
  s.reserve = like.reserve;
  s.whole = like.whole;
  s.own = like.own;
  if (s.whole) s.rows = capacity + s.sequences;
  if (s.own) s.blocks = longest * s.sequences;
  CAPTURE(seed, s.blocks, s.sequences, s.rows, s.budget, static_cast<int>(s.guess));
  server many(s);
  std::vector<arrival> all;
  int const arrivals = 1 + d.below(25);
  for (int step = 0; !many.loop.idle() || static_cast<int>(all.size()) < arrivals; ++step) {
    REQUIRE(step < 20'000);
    while (static_cast<int>(all.size()) < arrivals && d.chance(30)) {
      auto request = some_request(d, seed * 100 + all.size());
      auto sink = std::make_shared<recorder>();
      if (d.chance(20)) sink->ends_text = 7;
      many.loop.add(many.loop.make(all.size() + 1, request, sink));
      all.push_back({std::move(request), sink});
    }
    if (!all.empty() && d.chance(3)) {
      auto const which = static_cast<std::size_t>(d.below(static_cast<int>(all.size())));
      if (many.loop.fail(which + 1, "cancelled", failure::cancelled)) all[which].cancelled = true;
    }
    bool stalled = false;
    for (auto& a : all) {
      if (d.chance(5)) a.sink->room = !a.sink->room;
      if (!a.sink->room && d.chance(30)) a.sink->room = true;
      stalled = stalled || (a.sink->ends == 0 && !a.sink->room);
    }
    bool const went_on = many.step();
    if (!went_on && !many.loop.idle()) REQUIRE(stalled);  // nobody is forgotten
  }
  for (auto const& a : all) check(a, s);
  REQUIRE(many.loop.blocks().available() == s.blocks);
  many.loop.blocks().forget();
  REQUIRE(many.loop.blocks().kept() == 0);
  engine_stats stats;
  many.loop.fill(stats);
  REQUIRE(stats.blocks_used == 0);
  return stats;
}

}  // namespace

TEST_CASE("whatever happens around it, a request gives the ids and the bits that it gives alone") {
  std::uint64_t preemptions = 0, cached = 0;
  std::uint64_t guesses[2]{}, right[2]{};  // of lookup, of drafts
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    bool drafts = false;
    auto const stats = run_at_random(seed, {}, drafts);
    preemptions += stats.preemptions;
    guesses[drafts ? 1 : 0] += stats.draft_tokens;
    right[drafts ? 1 : 0] += stats.accepted_tokens;
    cached += stats.cached_prompt_tokens;
  }
  CHECK(preemptions > 100);  // all of it does happen
  for (int kind : {0, 1}) {
    CHECK(guesses[kind] > 1000);
    CHECK(right[kind] > 100);
  }
  CHECK(cached > 1000);
}

TEST_CASE(
    "texts whose keys depend on their length, or on what follows, keep their blocks and give what they give alone") {
  for (std::uint32_t seed = 1; seed <= 100; ++seed)
    for (setting const& like : {setting{.reserve = true}, setting{.reserve = true, .whole = true},
                                setting{.reserve = true, .whole = true, .own = true}}) {
      bool drafts = false;
      auto const stats = run_at_random(seed, like, drafts);
      REQUIRE(stats.preemptions + stats.draft_tokens + stats.cached_prompt_tokens == 0);
    }
}

TEST_CASE("prompts that begin alike are read once, also when they come at the same time") {
  server many({.blocks = 100, .sequences = 8, .rows = 64, .budget = 0});
  many.budget = 64;
  std::vector<std::shared_ptr<recorder>> sinks;
  for (int i = 0; i < 8; ++i) {
    generation_request r;
    for (int k = 0; k < 100; ++k) r.prompt.push_back(k % 7);
    r.prompt.push_back(i);
    r.sampling.temperature = 0;
    r.max_tokens = 3;
    sinks.push_back(std::make_shared<recorder>());
    many.loop.add(many.loop.make(static_cast<std::uint64_t>(i + 1), r, sinks.back()));
  }
  int passes = 0;
  while (!many.loop.idle()) {
    REQUIRE(many.step());
    ++passes;
  }
  CHECK(passes < 9);                   // 808 tokens of prompts are 13 passes of 64
  CHECK(many.model.most_items() > 1);  // tokens of several texts are chosen by all threads
  for (auto const& sink : sinks) CHECK(sink->ends == 1);
}

TEST_CASE("a text that cannot be computed ends, and those beside it go on") {
  server many({.blocks = 40, .sequences = 4, .rows = 64, .budget = 0});
  many.budget = 64;
  std::vector<std::shared_ptr<recorder>> sinks;
  for (int i = 0; i < 3; ++i) {
    generation_request r;
    r.prompt = {1, 2, i == 1 ? fake_executor::poison : 3};
    r.sampling.temperature = 0;
    r.bias = {{fake_executor::poison, -1e9F}};
    r.max_tokens = 5;
    sinks.push_back(std::make_shared<recorder>());
    many.loop.add(many.loop.make(static_cast<std::uint64_t>(i + 1), r, sinks.back()));
  }
  while (!many.loop.idle()) REQUIRE(many.step());
  CHECK(sinks[1]->why == "a number is not finite");
  for (int i : {0, 2}) {
    CHECK(sinks[static_cast<std::size_t>(i)]->why == "");
    CHECK(sinks[static_cast<std::size_t>(i)]->choices[0].size() == 5);
  }
}

TEST_CASE("requests of one priority begin as they came, and no lower one before a higher one that waits") {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    dice d(seed);
    server many({.blocks = 12 + d.below(10), .sequences = 1 + d.below(4), .rows = 32, .budget = 0});
    many.budget = 32;
    struct waiting {
      int priority;
      std::shared_ptr<recorder> sink = std::make_shared<recorder>();
      bool begun = false;
    };
    std::vector<waiting> all;
    int const arrivals = 20;
    while (!many.loop.idle() || static_cast<int>(all.size()) < arrivals) {
      while (static_cast<int>(all.size()) < arrivals && d.chance(40)) {
        auto request = some_request(d, seed);
        request.cache_prompt = false;  // or a prompt that somebody else reads is waited for
        request.choices = 1;
        request.priority = d.below(2);
        all.push_back({request.priority});
        many.loop.add(many.loop.make(all.size(), request, all.back().sink));
      }
      if (many.loop.idle()) continue;
      auto const before = all;
      REQUIRE(many.step());
      engine_stats stats;
      many.loop.fill(stats);
      for (auto const& slot : stats.running_slots) all[slot.request - 1].begun = true;
      // Who began in this step and goes on came before all who still wait with the same priority or a lower one.
      for (std::size_t i = 0; i < before.size(); ++i) {
        if (before[i].begun || !all[i].begun) continue;
        for (std::size_t k = 0; k < before.size(); ++k) {
          bool const still_waits = !all[k].begun && all[k].sink->ends == 0;
          bool const first = all[k].priority < all[i].priority || (all[k].priority == all[i].priority && k < i);
          CAPTURE(seed, i, k);
          REQUIRE_FALSE((still_waits && first));
        }
      }
    }
  }
}

TEST_CASE("the oldest is never preempted") {
  server many({.blocks = 10, .sequences = 4, .rows = 64, .budget = 0});
  many.budget = 64;
  std::vector<std::shared_ptr<recorder>> sinks;
  for (int i = 0; i < 4; ++i) {
    generation_request r;
    for (int k = 0; k < 20; ++k) r.prompt.push_back((k + i) % 9);
    r.sampling.temperature = 0;
    r.bias = {{fake_executor::poison, -1e9F}};
    r.max_tokens = 140;
    sinks.push_back(std::make_shared<recorder>());
    many.loop.add(many.loop.make(static_cast<std::uint64_t>(i + 1), r, sinks.back()));
  }
  std::size_t oldest = 0;
  while (!many.loop.idle()) {
    engine_stats before;
    many.loop.fill(before);
    REQUIRE(many.step());
    while (oldest < 4 && sinks[oldest]->ends == 1) ++oldest;
    engine_stats after;
    many.loop.fill(after);
    if (oldest < 4 && !before.running_slots.empty() && before.running_slots[0].request == oldest + 1)
      CHECK(after.running_slots[0].request == oldest + 1);
  }
  engine_stats stats;
  many.loop.fill(stats);
  CHECK(stats.preemptions > 0);
}

TEST_CASE(
    "a draft that is the model itself is always right where the likeliest token comes, and one that fails is left "
    "out") {
  for (bool const fails : {false, true}) {
    fake_executor model(64, 64, capacity, 12, false);
    draft_limits const limits{.tokens = 4, .sequences = 2};
    auto const how = draft_guesses::options_for(limits, capacity, 1);
    auto draft = std::make_unique<fake_executor>(how.blocks, how.rows, how.capacity, how.logit_rows, fails);
    decoder_loop loop(
        model, {.sequences = 2, .secret = {1, 2}, .guesses = std::make_shared<draft_guesses>(std::move(draft), limits)},
        vocab);
    std::vector<std::shared_ptr<recorder>> sinks;
    for (int i = 0; i < 2; ++i) {
      generation_request r;
      for (int k = 0; k < 30; ++k) r.prompt.push_back((k + i) % 9);
      r.sampling = {.temperature = 0};
      r.max_tokens = 100;
      sinks.push_back(std::make_shared<recorder>());
      loop.add(loop.make(static_cast<std::uint64_t>(i + 1), r, sinks.back()));
    }
    while (!loop.idle()) REQUIRE(loop.step());
    engine_stats stats;
    loop.fill(stats);
    for (auto const& sink : sinks) CHECK(sink->choices[0].size() == 100);
    if (!fails) {
      CHECK(stats.accepted_tokens == stats.draft_tokens);
      CHECK(stats.steps < 30);  // 100 tokens of both, four or five a pass
    } else {
      CHECK(stats.steps > 60);  // there was a token that it cannot read
    }
  }
}

// The engine over a real model: requests of many threads at once give the ids and the bits of log-probabilities that a
// session gives each alone.
#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/config/families.hpp"
#include "constformer/generate/engine-inl.hpp"
#include "recorder.hpp"
#include "serve/choosing.hpp"
#include "serve/engine.hpp"

namespace constformer::configs {
namespace {

constexpr config small = with(llama({.layers = 2,
                                     .d_model = 48,
                                     .heads = 6,
                                     .kv_heads = 2,
                                     .head_dim = 8,
                                     .d_ff = 64,
                                     .vocab = 61,
                                     .positions = 200}),
                              [](config& c) { c.kv_dtype = dtype::i8; });
constexpr config dynamic = with(small, [](config& c) {
  c.rope.scaling = rope_scaling_kind::dynamic;
  c.rope.factor = 4;
  c.rope.original_positions = 30;
});
constexpr config prefixed = with(chatglm_6b({.layers = 2, .d_model = 48, .heads = 4, .vocab = 61, .positions = 200},
                                            {.end = 58, .blank = 59, .other_blank = 60}),
                                 [](config& c) { c.capacity = 200; });

constexpr config smaller = llama(
    {.layers = 1, .d_model = 32, .heads = 4, .kv_heads = 2, .head_dim = 8, .d_ff = 48, .vocab = 61, .positions = 150});

constexpr config reader = bert({.layers = 2, .d_model = 24, .heads = 3, .d_ff = 40, .vocab = 50, .positions = 70});

}  // namespace
}  // namespace constformer::configs

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

using namespace serve;

template <config const& Config>
std::vector<float> random_weights() {
  std::mt19937 generator(5);
  std::normal_distribution<float> normal(0.0F, 0.3F);
  std::vector<float> out(static_cast<std::size_t>(packed_layout_of(Config).bytes) / sizeof(float));
  for (float& x : out) x = normal(generator);
  return out;
}

struct asked {
  generation_request request;
  std::shared_ptr<recorder> sink = std::make_shared<recorder>();
};

std::vector<asked> some_requests(config const& c, std::uint32_t seed, int count) {
  std::mt19937 random(seed);
  auto const below = [&](unsigned n) { return static_cast<int>(random() % n); };
  std::vector<asked> all(static_cast<std::size_t>(count));
  for (auto& [r, sink] : all) {
    int const kind = below(3);
    for (int i = 0, length = 1 + below(120); i < length; ++i) r.prompt.push_back((i * (kind + 3) + kind) % 57);
    if (below(2) != 0) r.prompt.back() = below(57);
    if (c.mask == mask_kind::prefix) r.prompt.insert(r.prompt.end(), {c.prefix.blank, 3, c.prefix.end});
    r.sampling = {.temperature = below(3) == 0 ? 0.0F : 1.0F, .seed = random()};
    r.max_tokens = 1 + below(40);
    r.choices = 1 + (below(4) == 0 ? below(3) : 0);
    r.logprobs = below(4);
    r.prompt_logprobs = below(5) == 0;
    if (below(2) != 0) r.stop_ids = {7, 8};
  }
  return all;
}

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

// What a session gives, one choice and one token after the other.
void check_alone(session& s, asked const& a) {
  auto const& [request, sink] = a;
  CAPTURE(request.prompt.size(), request.max_tokens, request.choices);
  REQUIRE(sink->why == "");
  REQUIRE(sink->choices.size() == static_cast<std::size_t>(request.choices));
  likeliest top(std::max(request.logprobs, 0));
  for (int choice = 0; choice < request.choices; ++choice) {
    auto const& told = sink->choices[static_cast<std::size_t>(choice)];
    token_chooser chooser(request, choice, configs::small.vocab, 200);
    chooser.begin(request.prompt);
    s.rewind(0);
    auto logits = s.append(request.prompt);
    for (std::size_t i = 0; i < told.size(); ++i) {
      REQUIRE(told[i].id == chooser.choose(logits));
      top.read(logits);
      REQUIRE(told[i].logprob == bits(top.logprob(logits, told[i].id)));
      bool const stop = std::ranges::find(request.stop_ids, told[i].id) != request.stop_ids.end();
      REQUIRE((stop || i + 1 == static_cast<std::size_t>(request.max_tokens)) == (i + 1 == told.size()));
      if (i + 1 == told.size()) break;
      chooser.accept(told[i].id);
      logits = s.append(std::span(&told[i].id, 1));
    }
  }
  std::vector<std::uint32_t> prompt;
  s.rewind(0);
  s.score(request.prompt, [&](int row, std::span<float const> logits) {
    auto const next = static_cast<std::size_t>(row) + 1;
    if (!request.prompt_logprobs || next == request.prompt.size()) return;
    top.read(logits);
    prompt.push_back(bits(top.logprob(logits, request.prompt[next])));
  });
  REQUIRE(sink->prompt.size() == prompt.size());
  for (std::size_t i = 0; i < prompt.size(); ++i) CHECK(sink->prompt[i].logprob == prompt[i]);
}

void wait_for_all(serve::engine& e) {
  using namespace std::chrono_literals;
  for (int i = 0; i < 60'000; ++i) {
    auto const stats = e.stats();
    if (stats.running + stats.waiting == 0) return;
    std::this_thread::sleep_for(1ms);
  }
  FAIL("requests do not end");
}

engine_stats check_load(model_unit const& unit, std::vector<float> const& weights, int threads, std::int64_t blocks,
                        int sequences, bool lookup, draft_options const& draft = {}) {
  auto const* const bytes = reinterpret_cast<std::byte const*>(weights.data());
  auto const e = make_engine({.unit = &unit,
                              .weights = bytes,
                              .threads = threads,
                              .sequences = sequences,
                              .blocks = blocks,
                              .queue = 1000,
                              .queue_tokens = 1'000'000,
                              .prompt_lookup = lookup,
                              .draft = draft});
  std::vector<std::vector<asked>> all;
  for (std::uint32_t c = 0; c < 4; ++c) all.push_back(some_requests(*unit.configuration, c + 1, 15));
  std::vector<std::thread> clients;
  for (auto& mine : all)
    clients.emplace_back([&e, &mine] {
      for (auto& a : mine) {
        auto const name = e->submit(a.request, a.sink);
        if (name % 3 == 0) {  // one that goes away must not disturb the others
          asked const other{a.request};
          e->cancel(e->submit(other.request, other.sink));
        }
      }
    });
  for (auto& client : clients) client.join();
  wait_for_all(*e);
  auto const stats = e->stats();
  CHECK(stats.blocks_used == 0);
  e->stop();
  auto const alone = unit.start(bytes, {.threads = 1});
  for (auto const& mine : all)
    for (auto const& a : mine) check_alone(*alone, a);
  return stats;
}

TEST_CASE("requests at once give what a session gives each alone, for any number of threads, blocks and sequences") {
  auto const weights = random_weights<configs::small>();
  auto const unit = make_unit<configs::small>("small");
  check_load(unit, weights, 1, 0, 8, false);
  check_load(unit, weights, 2, 30, 8, true);
  CHECK(check_load(unit, weights, 3, 13, 5, false).preemptions > 0);
  CHECK(check_load(unit, weights, 2, 0, 2, true).accepted_tokens > 0);
}

template <config const& Config>
void check_reserved(std::int64_t blocks, bool own) {
  auto unit = make_unit<Config>("small");
  if (own) unit.execute = nullptr;  // as models of one's own
  auto const stats = check_load(unit, random_weights<Config>(), 2, blocks, 5, true);
  CHECK(stats.preemptions + stats.draft_tokens + stats.cached_prompt_tokens == 0);
}

TEST_CASE("so do models whose texts cannot be cut, shared or read anew, and those that have a session alone") {
  check_reserved<configs::dynamic>(30, false);
  check_reserved<configs::prefixed>(30, false);
  check_reserved<configs::small>(0, true);
  check_reserved<configs::prefixed>(0, true);
}

TEST_CASE("a prompt without the end of its prefix is refused") {
  auto const unit = make_unit<configs::prefixed>("small");
  auto const weights = random_weights<configs::prefixed>();
  auto const e = make_engine({.unit = &unit, .weights = reinterpret_cast<std::byte const*>(weights.data())});
  generation_request request;
  request.prompt = {1, 2, 3};
  for (int i = 0; i < 100; ++i)  // nor does it take a place in the queue
    CHECK_THROWS_AS(e->submit(request, std::make_shared<recorder>()), bad_prompt);
}

TEST_CASE("what comes of requests is the same with a draft, whatever it guesses") {
  auto const weights = random_weights<configs::small>();
  auto const others = random_weights<configs::smaller>();
  model_unit const unit = make_unit<configs::small>("small"), smaller = make_unit<configs::smaller>("smaller");
  draft_options const itself{.unit = &unit, .weights = reinterpret_cast<std::byte const*>(weights.data()), .tokens = 4};
  draft_options const another{
      .unit = &smaller, .weights = reinterpret_cast<std::byte const*>(others.data()), .threads = 2, .tokens = 8};
  auto const right = check_load(unit, weights, 2, 0, 3, false, itself);
  CHECK(right.accepted_tokens * 4 > right.draft_tokens);  // drawn tokens are not always the likeliest ones
  auto const wrong = check_load(unit, weights, 1, 30, 8, false, another);
  CHECK(wrong.draft_tokens > 100);
  CHECK(wrong.accepted_tokens < wrong.draft_tokens);
}

std::vector<std::uint32_t> bits_of(std::span<float const> values) {
  std::vector<std::uint32_t> out;
  for (float const v : values) out.push_back(bits(v));
  return out;
}

TEST_CASE("texts of many jobs at once give what an encoder gives each alone, and turns are fair") {
  model_unit const unit = make_unit<configs::reader>("reader");
  auto const weights = random_weights<configs::reader>();
  auto const* const bytes = reinterpret_cast<std::byte const*>(weights.data());
  auto const e = make_engine({.unit = &unit, .weights = bytes, .threads = 2, .queue = 100});
  struct work {
    std::vector<std::vector<int>> texts;
    std::vector<std::vector<std::uint32_t>> told;
    std::atomic<int> ends = 0;
  };
  std::vector<work> all(24);
  std::vector<std::thread> clients;
  for (std::size_t c = 0; c < 3; ++c)
    clients.emplace_back([&, c] {
      for (std::size_t j = c; j < all.size(); j += 3) {
        work& mine = all[j];
        for (std::size_t part = 0; part < (j == 0 ? 200 : 1 + j % 5); ++part) {
          auto& text = mine.texts.emplace_back();
          for (std::size_t i = 0; i < 1 + (j * 7 + part * 5) % 30; ++i)
            text.push_back(static_cast<int>((i * (part + 2) + j) % 50));
        }
        mine.told.resize(mine.texts.size());
        auto const name =
            e->run_job({.parts = mine.texts.size(),
                        .text = [&mine](std::size_t part) { return encoder_text{mine.texts[part], {}}; },
                        .run = [&mine](session& s, std::size_t part) { mine.told[part] = bits_of(s.encoded()); },
                        .finished = [&mine] { ++mine.ends; },
                        .failed = [&mine](std::string_view, failure) { mine.ends += 100; }});
        if (j % 8 == 7) e->cancel(name);
      }
    });
  for (auto& client : clients) client.join();
  while (e->stats().running + e->stats().waiting > 0) std::this_thread::yield();
  auto const steps = e->stats().steps;
  e->stop();
  auto const alone = unit.start(bytes, {.threads = 1});
  std::size_t texts = 0;
  for (std::size_t j = 0; j < all.size(); ++j) {
    CAPTURE(j);
    if (j % 8 == 7 && all[j].ends == 100) continue;  // cancelled in time
    CHECK(all[j].ends == 1);
    texts += all[j].texts.size();
    for (std::size_t part = 0; part < all[j].texts.size(); ++part)
      CHECK(all[j].told[part] == bits_of(alone->encode(all[j].texts[part], {})));
  }
  CHECK(steps < texts);
}

TEST_CASE("a job whose text is wrong, or whose part fails, ends alone") {
  model_unit const unit = make_unit<configs::reader>("reader");
  auto const weights = random_weights<configs::reader>();
  auto const e = make_engine({.unit = &unit, .weights = reinterpret_cast<std::byte const*>(weights.data())});
  std::vector<int> const good{1, 2, 3}, bad{1, 99};
  std::vector<std::string> ends(4);
  std::atomic<int> ended = 0;
  for (std::size_t j = 0; j < 4; ++j)
    e->run_job({.text = [&, j](std::size_t) { return encoder_text{j == 1 ? bad : good, {}}; },
                .run =
                    [j](session&, std::size_t) {
                      if (j == 2) throw error("not this one");
                    },
                .finished = [&, j] { ends[j] = "good", ++ended; },
                .failed = [&, j](std::string_view why, failure) { ends[j] = why, ++ended; }});
  while (ended < 4) std::this_thread::yield();
  CHECK(ends[0] == "good");
  CHECK(ends[1] == "id 99 at place 1 is not within the vocabulary of 50");
  CHECK(ends[2] == "not this one");
  CHECK(ends[3] == "good");
  CHECK_THROWS_AS(e->submit({}, std::make_shared<recorder>()), error);
}

TEST_CASE("an engine that is drained or full says so, and one that stops ends what is under way") {
  auto const weights = random_weights<configs::small>();
  model_unit const unit = make_unit<configs::small>("small");
  auto const* const bytes = reinterpret_cast<std::byte const*>(weights.data());
  auto const e = make_engine({.unit = &unit, .weights = bytes, .sequences = 2, .queue = 3});
  generation_request request;
  request.prompt = {1, 2, 3};
  request.max_tokens = 190;
  std::vector<std::shared_ptr<recorder>> sinks;
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    sinks.push_back(std::make_shared<recorder>());
    try {
      e->submit(request, sinks.back());
    } catch (queue_full const&) {
      ++refused;
      sinks.pop_back();
    }
  }
  CHECK(refused > 0);
  request.max_tokens = 199;
  CHECK_THROWS_AS(e->submit(request, std::make_shared<recorder>()), too_long);
  request.max_tokens = 1;
  e->drain();
  CHECK_THROWS_AS(e->submit(request, std::make_shared<recorder>()), draining);
  e->stop();
  for (auto const& sink : sinks) CHECK(sink->ends == 1);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

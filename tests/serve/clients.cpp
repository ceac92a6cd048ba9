// The engine as threads see it, over an executor that computes nothing: clients that ask, cancel and look at the same
// time hear of each request once, and the queue is bounded by requests and by tokens.
#include <atomic>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/config/families.hpp"
#include "fake_executor.hpp"
#include "recorder.hpp"
#include "serve/engine.hpp"

using namespace constformer;
using namespace constformer::serve;

namespace {

constexpr config shape =
    llama({.layers = 1, .d_model = 8, .heads = 2, .d_ff = 8, .vocab = fake_executor::vocab, .positions = 160});

model_unit fake_unit() {
  return {.name = "fake",
          .configuration = &shape,
          .fingerprint = 0,
          .weight_bytes = 0,
          .parameters = 0,
          .cache_bytes = 160,
          .workspace_bytes = 0,
          .target = "none",
          .start = nullptr,
          .execute = [](std::byte const*, executor_options const& o) -> std::unique_ptr<executor> {
            return std::make_unique<fake_executor>(o.blocks, o.rows, o.capacity, o.logit_rows);
          }};
}

generation_request request_of(int length, int tokens) {
  generation_request r;
  for (int i = 0; i < length; ++i) r.prompt.push_back(i % 7);
  r.sampling.temperature = 0;
  r.bias = {{fake_executor::poison, -1e9F}};
  r.max_tokens = tokens;
  return r;
}

}  // namespace

TEST_CASE("each request is heard of once, whoever asks, cancels and looks at the same time") {
  model_unit const unit = fake_unit();
  auto const e = make_engine({.unit = &unit, .sequences = 4, .blocks = 20, .queue = 1000, .queue_tokens = 1 << 30});
  std::vector<std::vector<std::shared_ptr<recorder>>> sinks(3);
  std::vector<std::thread> clients;
  for (std::size_t c = 0; c < sinks.size(); ++c)
    clients.emplace_back([&, c] {
      for (int i = 0; i < 60; ++i) {
        sinks[c].push_back(std::make_shared<recorder>());
        auto const name = e->submit(request_of(1 + i % 70, 1 + i), sinks[c].back());
        if (i % 4 == 0) e->cancel(name);
        if (i % 7 == 0) e->cancel(name + 1);
        if (i % 5 == 0) static_cast<void>(e->stats());
      }
    });
  for (auto& client : clients) client.join();
  e->drain();
  while (e->stats().running + e->stats().waiting > 0) std::this_thread::yield();
  e->stop();
  for (auto const& of_client : sinks)
    for (auto const& sink : of_client) CHECK(sink->ends == 1);
  CHECK(e->stats().blocks_used == 0);
}

TEST_CASE("who asks for the first embedding does not wait for the session, nor does anybody else") {
  model_unit unit = fake_unit();
  static std::atomic<bool> may_begin;
  may_begin = false;
  unit.start = [](std::byte const*, session_options const&) -> std::unique_ptr<session> {
    while (!may_begin) std::this_thread::yield();
    throw error("there is no room for a session");
  };
  auto const e = make_engine({.unit = &unit, .sequences = 2, .blocks = 20});
  std::atomic<int> failed = 0;
  session_job job{.run = [](session&, std::size_t) {},
                  .finished = [] {},
                  .failed =
                      [&](std::string_view why, failure kind) {
                        if (why == "there is no room for a session" && kind == failure::broken) ++failed;
                      }};
  static_cast<void>(e->run_job(job));  // would not come back
  CHECK(e->stats().running + e->stats().waiting == 1);
  auto const text = std::make_shared<recorder>();
  e->submit(request_of(5, 5), text);
  while (e->stats().generated_tokens < 5) std::this_thread::yield();
  CHECK(failed == 0);
  may_begin = true;
  while (failed == 0) std::this_thread::yield();
  static_cast<void>(e->run_job(job));  // the next one tries again
  while (failed < 2) std::this_thread::yield();
  e->stop();
  CHECK(text->ends == 1);
}

TEST_CASE("the queue is bounded by requests and by tokens of prompts, and one request always fits") {
  model_unit const unit = fake_unit();
  auto const fill = [&](int queue, std::int64_t tokens) {
    auto const e = make_engine({.unit = &unit, .sequences = 1, .blocks = 10, .queue = queue, .queue_tokens = tokens});
    auto const stalled = std::make_shared<recorder>();
    stalled->room = false;  // nothing is scheduled: what comes stays
    int taken = 0;
    try {
      for (; taken < 100; ++taken) e->submit(request_of(50, 10), stalled);
    } catch (queue_full const&) {}
    CHECK(e->stats().refused == 1);
    e->stop();
    return taken;
  };
  CHECK(fill(5, 0) == 5);
  CHECK(fill(50, 120) == 2);
  CHECK(fill(50, 10) == 1);
}

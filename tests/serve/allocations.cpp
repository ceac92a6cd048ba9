// After a request was taken in nothing allocates until it ends: not the plan, the pass, the choice or the books.
#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "../real/allocations.hpp"
#include "constformer/config/families.hpp"
#include "constformer/generate/engine-inl.hpp"
#include "serve/decoder_loop.hpp"
#include "serve/prompt_lookup.hpp"

namespace constformer::configs {
namespace {

constexpr config small = llama(
    {.layers = 2, .d_model = 48, .heads = 6, .kv_heads = 2, .head_dim = 8, .d_ff = 64, .vocab = 61, .positions = 200});

}  // namespace
}  // namespace constformer::configs

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

using namespace serve;

// Counts and forgets.
class counter final : public generation_sink {
 public:
  void prompt_token(int, float, std::span<scored_id const>) override { ++tokens; }
  bool token(token_event const&) override { return ++tokens > 0; }
  void finished(usage const&) override { ++ends; }
  void failed(std::string_view, failure) override { FAIL("a request has failed"); }

  int tokens = 0;
  int ends = 0;
};

generation_request some_request(int number) {
  generation_request r;
  for (int i = 0; i < 40 + 9 * number; ++i) r.prompt.push_back(i * (1 + number % 3) % 60);
  r.sampling = {.temperature = number % 3 == 0 ? 0.0F : 1.0F, .seed = static_cast<std::uint64_t>(number)};
  if (number % 2 == 0) r.sampling.top_k = 7;
  r.sampling.repeat_penalty = number % 4 == 1 ? 1.3F : 1.0F;
  r.bias = {{3, 1.5F}};
  r.max_tokens = 30 + number;
  r.choices = 1 + number % 3;
  r.logprobs = number % 4;
  r.prompt_logprobs = number == 5;
  return r;
}

// Of steps that read, choose, share, guess, and, where blocks are few, preempt.
void check_steps(int threads, int blocks, bool guess, bool reserve) {
  CAPTURE(threads, blocks, guess, reserve);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0F, 0.3F);
  std::vector<float> weights(static_cast<std::size_t>(packed_layout_of(configs::small).bytes) / sizeof(float));
  for (float& x : weights) x = normal(random);
  config_executor<configs::small> model(reinterpret_cast<std::byte const*>(weights.data()),
                                        {.threads = threads, .blocks = blocks, .rows = 136, .logit_rows = 12});
  std::shared_ptr<guess_source> guesses;
  if (guess) guesses = std::make_shared<prompt_lookup>();
  decoder_loop loop(model, {.sequences = 8, .secret = {1, 2}, .reserve = reserve, .guesses = guesses},
                    configs::small.vocab);
  auto const sink = std::make_shared<counter>();
  constexpr int requests = 10;
  for (int i = 0; i < requests; ++i) loop.add(loop.make(static_cast<std::uint64_t>(i + 1), some_request(i), sink));
  long const before = end_to_end::allocations();
  while (!loop.idle()) loop.step();
  long const after = end_to_end::allocations();
  CHECK(after - before == 0);
  CHECK(sink->ends == requests);
  engine_stats stats;
  loop.fill(stats);
  CHECK((stats.preemptions > 0) == (blocks < 40 && !reserve));
  CHECK((stats.draft_tokens > 0) == guess);
}

TEST_CASE("allocations are counted") {
  long const before = end_to_end::allocations();
  auto const one = std::make_unique<std::vector<int>>(100);
  CHECK(end_to_end::allocations() >= before + 2);
}

TEST_CASE("from the first pass of a request to its end nothing is allocated") {
  check_steps(1, 200, false, false);
  check_steps(2, 200, true, false);
  check_steps(2, 14, false, false);
  check_steps(1, 30, false, true);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

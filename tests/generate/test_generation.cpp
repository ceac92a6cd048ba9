#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <new>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/generate/generation.hpp"

namespace {

long allocations = 0;

}  // namespace

// Every allocation of this program goes through these two.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace constformer;

namespace {

constexpr int vocab = 50;

// Counts up: after id n it foretells n + 1. Remembers what it was given.
class counting_session final : public session {
 public:
  explicit counting_session(int capacity) : capacity_(capacity), logits_(vocab) { seen.reserve(1000); }

  [[nodiscard]] int sequences() const override { return 1; }
  [[nodiscard]] int position(int) const override { return static_cast<int>(seen.size()); }
  [[nodiscard]] int capacity() const override { return capacity_; }
  void rewind(int, int position) override { seen.resize(static_cast<std::size_t>(position)); }
  logit_rows step(std::span<int const>) override { throw error("one sequence only"); }
  void fork(std::span<int const>) override { throw error("one sequence only"); }
  std::span<float const> append(int, std::span<int const> ids) override {
    for (int const id : ids) seen.push_back(id);
    for (int i = 0; i < vocab; ++i) logits_[static_cast<std::size_t>(i)] = i == (ids.back() + 1) % vocab ? 1.0F : 0.0F;
    return logits_;
  }
  void score(std::span<int const>, row_sink const&) override {}
  std::span<float const> encode(std::span<int const>, std::span<int const>) override { return {}; }
  std::span<float const> pool() override { return {}; }

  std::vector<int> seen;

 private:
  int capacity_;
  std::vector<float> logits_;
};

struct run_of {
  std::vector<int> ids;
  generation_result result;
};

run_of run(int capacity, std::vector<int> const& prompt, generation_limits const& limits) {
  counting_session fake(capacity);
  session& model = fake;
  auto const choose = make_sampler({.temperature = 0}, vocab, capacity);
  run_of r;
  r.result = generate(model, *choose, prompt, limits, [&](int id) {
    r.ids.push_back(id);
    return id != 40;
  });
  CHECK(static_cast<int>(fake.seen.size()) == r.result.prompt_tokens + r.result.decode_steps);
  return r;
}

}  // namespace

TEST_CASE("a generation ends where its limits say") {
  std::vector<int> const stops{13};
  auto const counted = run(100, {5}, {.max_tokens = 3, .stop_ids = {}});
  CHECK(counted.ids == std::vector{6, 7, 8});
  CHECK(counted.result.end == generation_end::max_tokens);
  CHECK(counted.result.decode_steps == 2);

  auto const stopped = run(100, {9, 10}, {.max_tokens = -1, .stop_ids = stops});
  CHECK(stopped.ids == std::vector{11, 12});
  CHECK(stopped.result.end == generation_end::stop_id);

  auto const full = run(4, {1, 2}, {});
  CHECK(full.ids == std::vector{3, 4, 5});
  CHECK(full.result.end == generation_end::context_full);

  auto const refused = run(100, {37}, {});
  CHECK(refused.ids == std::vector{38, 39, 40});
  CHECK(refused.result.end == generation_end::sink);

  auto const none = run(100, {37}, {.max_tokens = 0, .stop_ids = {}});
  CHECK(none.ids.empty());
  CHECK(none.result.prompt_tokens == 1);
}

TEST_CASE("a prompt that is empty or too long is refused") {
  CHECK_THROWS_AS(run(4, {}, {}), error);
  CHECK_THROWS_AS(run(4, {1, 2, 3, 4, 5}, {}), error);
}

TEST_CASE("nothing is allocated from the prompt to the last token") {
  for (auto options :
       {sampling_options{.temperature = 0}, sampling_options{}, sampling_options{.top_k = 0, .min_p = 0},
        sampling_options{.repeat_penalty = 1.2F, .repeat_last_n = -1, .frequency_penalty = 0.1F}, llama2c_defaults()}) {
    options.seed = 3;
    constexpr int capacity = 400;
    counting_session model(capacity);
    auto const choose = make_sampler(options, vocab, capacity);
    std::vector<int> const prompt{1, 2, 3};
    long long sum = 0;
    token_sink const sink = [&sum](int id) {
      sum += id;
      return true;
    };
    long const before = allocations;
    auto const result = generate(model, *choose, prompt, {.max_tokens = 300, .stop_ids = {}}, sink);
    long const after = allocations;
    CHECK(after == before);
    CHECK(result.tokens == 300);
    CHECK(sum > 0);
  }
}

#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "allocations.hpp"
#include "constformer/core/error.hpp"
#include "constformer/generate/generation.hpp"
#include "fake_beams.hpp"

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
  void score(int, std::span<int const>, row_sink const&) override {}
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
    long const before = allocations_so_far();
    auto const result = generate(model, *choose, prompt, {.max_tokens = 300, .stop_ids = {}}, sink);
    long const after = allocations_so_far();
    CHECK(after == before);
    CHECK(result.tokens == 300);
    CHECK(sum > 0);
  }
}

namespace {

// Collects what each prompt of a batch gets.
class collector final : public batch_observer {
 public:
  collector(std::size_t prompts, sampling_options options) : ids(prompts), results(prompts), options_(options) {}
  std::unique_ptr<sampler> begin(std::size_t) override { return make_sampler(options_, vocab, 100); }
  bool chosen(std::size_t prompt, int id, std::span<float const> logits) override {
    CHECK(logits.size() == vocab);
    ids[prompt].push_back(id);
    return id != 40;
  }
  void ended(std::size_t prompt, generation_result const& result) override { results[prompt] = result; }

  std::vector<std::vector<int>> ids;
  std::vector<generation_result> results;

 private:
  sampling_options options_;
};

}  // namespace

TEST_CASE("a batch gives every prompt what it gets alone") {
  std::vector<int> const stops{13, 14};
  std::vector<std::vector<int>> prompts;
  for (int i = 0; i < 17; ++i) prompts.push_back(std::vector<int>(static_cast<std::size_t>(1 + i % 4), i));
  auto const rows = [](auto tokens, auto logits) { hashed_logits(77, 3.0F, tokens, logits); };
  for (int const side_by_side : {1, 2, 5, 17, 30}) {
    generation_limits const limits{.max_tokens = 25, .stop_ids = stops};
    sampling_options const options{.temperature = 1.3F, .repeat_penalty = 1.1F, .seed = 5};
    collector batch(prompts.size(), options);
    made_up_session many(20, side_by_side, vocab, rows);
    generate_batch(many, prompts, limits, batch);
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      made_up_session one(20, 1, vocab, rows);
      auto const choose = make_sampler(options, vocab, 100);
      std::vector<int> ids;
      auto const result = generate(one, *choose, prompts[i], limits, [&](int id) {
        ids.push_back(id);
        return id != 40;
      });
      CHECK(batch.ids[i] == ids);
      CHECK(batch.results[i].end == result.end);
      CHECK(batch.results[i].tokens == result.tokens);
      CHECK(batch.results[i].decode_steps == result.decode_steps);
    }
  }
}

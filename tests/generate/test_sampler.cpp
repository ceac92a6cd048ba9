#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <limits>
#include <vector>

#include "constformer/core/error.hpp"
#include "constformer/core/random.hpp"
#include "constformer/generate/sampler.hpp"
#include "vectors.hpp"

using namespace constformer;

namespace {

constexpr int capacity = 64;

int choose_once(sampling_options const& options, std::vector<float> const& logits) {
  return make_sampler(options, static_cast<int>(logits.size()), capacity)->choose(logits);
}

}  // namespace

TEST_CASE("samplers choose what the reference chooses") {
  auto const vectors = read_vectors();
  REQUIRE(vectors.size() == 42);
  for (std::size_t n = 0; n < vectors.size(); ++n) {
    auto const& v = vectors[n];
    auto const sampler = make_sampler(v.options, v.vocab, capacity);
    for (int const id : {3, 1, 4, 1, 5}) sampler->accept(id % v.vocab);
    std::vector<int> ids;
    for (unsigned step = 0; step < v.ids.size(); ++step) {
      ids.push_back(
          sampler->choose(made_up_logits(1000U * static_cast<unsigned>(v.vocab) + step % 4, v.vocab, v.scale)));
      sampler->accept(ids.back());
    }
    CAPTURE(n);
    CHECK(ids == v.ids);
  }
}

// run.c at commit 350e04f, its Sampler called on made_up_logits(512000 + step % 4, 512, 16), seed 123456789,
// temperature 0.8, top-p 0.9.
TEST_CASE("a seeded llama2c sampler draws what run.c itself drew") {
  auto options = llama2c_defaults();
  options.temperature = 0.8F;
  options.seed = 123456789;
  auto const sampler = make_sampler(options, 512, capacity);
  std::vector<int> const run_c{478, 374, 59,  353, 208, 185, 181, 231, 192, 394, 222, 195,
                               62,  277, 458, 220, 339, 255, 79,  358, 52,  267, 356, 220};
  std::vector<int> ids;
  for (unsigned step = 0; step < run_c.size(); ++step)
    ids.push_back(sampler->choose(made_up_logits(512000 + step % 4, 512, 16)));
  CHECK(ids == run_c);
}

TEST_CASE("temperature 0 takes the lowest id of equal logits") {
  for (auto kind : {sampler_kind::standard, sampler_kind::llama2c}) {
    auto options = kind == sampler_kind::standard ? sampling_options{} : llama2c_defaults();
    options.temperature = 0;
    CHECK(choose_once(options, {1, 3, 2, 3}) == 1);
    CHECK(choose_once(options, {-1, -1}) == 0);
    CHECK(choose_once(options, {std::numeric_limits<float>::quiet_NaN(), -5, -2}) == 2);
  }
}

TEST_CASE("logits without a finite number are an error, not a token") {
  float const nan = std::numeric_limits<float>::quiet_NaN();
  float const inf = std::numeric_limits<float>::infinity();
  for (auto kind : {sampler_kind::standard, sampler_kind::llama2c}) {
    for (float temperature : {0.0F, 1.0F}) {
      auto options = kind == sampler_kind::standard ? sampling_options{} : llama2c_defaults();
      options.temperature = temperature;
      CHECK_THROWS_AS(choose_once(options, {nan, nan}), error);
      CHECK_THROWS_AS(choose_once(options, {-inf, -inf}), error);
      CHECK_THROWS_AS(choose_once(options, {0, inf}), error);
      CHECK(choose_once(options, {-inf, 2}) == 1);
    }
  }
}

TEST_CASE("one token is the only choice") {
  CHECK(choose_once({}, {0.5F}) == 0);
  CHECK(choose_once(llama2c_defaults(), {0.5F}) == 0);
}

TEST_CASE("a token that left the window is no longer penalised") {
  sampling_options options{.temperature = 0, .repeat_penalty = 1, .repeat_last_n = 2, .presence_penalty = 10};
  auto const sampler = make_sampler(options, 3, capacity);
  std::vector<float> const logits{3, 2, 1};
  CHECK(sampler->choose(logits) == 0);
  sampler->accept(0);
  CHECK(sampler->choose(logits) == 1);
  sampler->accept(1);
  CHECK(sampler->choose(logits) == 2);
  sampler->accept(2);
  CHECK(sampler->choose(logits) == 0);
}

TEST_CASE("values that make no sense are refused with their bounds") {
  using Catch::Matchers::Message;
  CHECK_THROWS_MATCHES(make_sampler({.temperature = -1}, 3, 3), error,
                       Message("sampling: temperature=-1 is not between 0 and 1000000"));
  CHECK_THROWS_MATCHES(make_sampler({.top_p = 2}, 3, 3), error, Message("sampling: top-p=2 is not between 0 and 1"));
  CHECK_THROWS_MATCHES(make_sampler({.min_p = std::numeric_limits<float>::quiet_NaN()}, 3, 3), error,
                       Message("sampling: min-p is not a number"));
}

// Worked out in Python from the three shifts and the factor, beginning with the state 1.
TEST_CASE("xorshift64* gives its published row") {
  xorshift64_star random(1);
  CHECK(random.next_u64() == 0x47E4CE4B896CDD1DULL);
  CHECK(random.next_u64() == 0xABCFA6A8E079651DULL);
  CHECK(random.next_u64() == 0xB9D10D8FEB731F57ULL);
  static_assert(mix_seed(0) == 0xE220A8397B1DCDAFULL);  // SplitMix64's first output for seed 0
}

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "constformer/train/schedules.hpp"

using namespace constformer;

namespace {
bool near(double a, double b) { return std::abs(a - b) <= 1e-15; }

// Every `stride`-th step against what the original gave (make_schedules.py).
template <class At>
void compare(std::string const& name, int stride, At const& at) {
  static nlohmann::json const all = [] {
    std::ifstream in(std::string(std::getenv("CONSTFORMER_SOURCE")) + "/tests/train/schedules.json");
    return nlohmann::json::parse(in);
  }();
  auto const want = all[name].get<std::vector<double>>();
  CHECK(want.size() > 40);
  for (std::size_t i = 0; i < want.size(); ++i) {
    INFO(name << ", step " << i * static_cast<std::size_t>(stride));
    CHECK(near(at(static_cast<int>(i) * stride), want[i]));
  }
}

}  // namespace

TEST_CASE("nanoGPT's schedule begins above 0, llama2.c's at 0, and both end at the least rate") {
  cosine_schedule const nano{.rate = 1e-3, .least = 1e-4, .warmup = 100, .steps = 2000};
  CHECK(near(nano.at(0), 1e-3 / 101));
  CHECK(near(nano.at(99), 1e-3 * 100 / 101));
  CHECK(near(nano.at(100), 1e-3));
  CHECK(near(nano.at(1050), 5.5e-4));
  CHECK(near(nano.at(2001), 1e-4));
  cosine_schedule const llama{.rate = 5e-4, .warmup = 1000, .steps = 100000, .warm_from_zero = true};
  CHECK(llama.at(0) == 0.0);
  CHECK(near(llama.at(500), 2.5e-4));
}

TEST_CASE("a trapezoid is nanochat's: up, level, down to a twentieth") {
  trapezoid_schedule const s{.rate = 1.0, .least = 0.05, .warmup = 40, .warmdown = 65, .steps = 100 + 40};
  CHECK(near(s.at(0), 1.0 / 40));
  CHECK(s.at(40) == 1.0);
  CHECK(s.at(75) == 1.0);
  CHECK(near(s.at(140), 0.05));
}

TEST_CASE("BERT's line is not moved by its warm-up") {
  linear_schedule const s{.rate = 1.0, .warmup = 10, .steps = 100};
  CHECK(near(s.at(5), 0.5));
  CHECK(near(s.at(10), 0.9));
  CHECK(s.at(100) == 0.0);
}

TEST_CASE("nanochat's schedules of pre-training are its own, today's and the first ones") {
  int const steps = 1501, warmdown = 976;  // round(0.65·1501)
  trapezoid_schedule const rate{.rate = 1.0, .least = 0.05, .warmup = 40, .warmdown = warmdown, .steps = steps};
  momentum_schedule const momentum{.warmdown = warmdown, .steps = steps};
  cosine_decay const decay{.decay = 0.28, .steps = steps};
  compare("nanochat_rate", 7, [&](int step) { return rate.at(step); });
  compare("nanochat_momentum", 7, [&](int step) { return momentum.at(step); });
  compare("nanochat_decay", 7, [&](int step) { return decay.at(step); });
  trapezoid_schedule const first_rate{.rate = 1.0, .least = 0.0, .warmup = 0, .warmdown = 80, .steps = 400};
  momentum_schedule const first_momentum{.most = 0.95, .warmup = 300};
  compare("first_rate", 7, [&](int step) { return first_rate.at(step); });
  compare("first_momentum", 7, [&](int step) { return first_momentum.at(step); });
}

TEST_CASE("nanochat's schedules of fine-tuning and reinforcement learning are its own") {
  share_schedule const rate{.rate = 1.0, .least = 0.02, .warmup = 0.1, .warmdown = 0.5};
  momentum_schedule const momentum{.most = 0.95, .warmup = 300};
  linear_schedule const line{.rate = 1.0, .warmup = 0, .steps = 77};
  compare("sft_rate", 1, [&](int step) { return rate.at(step / 50.0); });
  compare("sft_momentum", 7, [&](int step) { return momentum.at(step); });
  compare("rl_rate", 1, [&](int step) { return line.at(step); });
}

TEST_CASE("nanoGPT's cosine and the lecture's restarts are their own") {
  cosine_schedule const cosine{.rate = 1e-3, .least = 1e-4, .warmup = 100, .steps = 500};
  compare("nanogpt", 7, [&](int step) { return cosine.at(step); });
  restarts_schedule const even{.rate = 0.1, .length = 10};
  restarts_schedule const growing{.rate = 0.1, .least = 0.01, .length = 7, .growth = 1.6};
  restarts_schedule const shrinking{.rate = 0.1, .length = 20, .growth = 0.7};
  compare("restarts", 1, [&](int step) { return even.at(step); });
  compare("growing_restarts", 1, [&](int step) { return growing.at(step); });
  compare("shrinking_restarts", 1, [&](int step) { return shrinking.at(step); });
}

#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include "constformer/train/schedules.hpp"

using namespace constformer;

namespace {
bool near(double a, double b) { return std::abs(a - b) <= 1e-15; }
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

// Numbers that PyTorch 2.13 gave (make_vectors.py).
#include <cmath>
#include <cstddef>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/train/torch_generator.hpp"
#include "vectors.hpp"

using namespace constformer;

TEST_CASE("integers, permutations, uniform numbers and masks are torch's, bit for bit") {
  auto const& v = train_vectors()["generator"];
  torch_generator random(v["seed"].get<std::uint64_t>());
  for (float x : v["rand"].get<std::vector<float>>()) CHECK(random.uniform() == x);
  for (std::int64_t x : v["randint"].get<std::vector<std::int64_t>>()) CHECK(random.integer(0, 1003790) == x);
  for (std::int64_t x : v["randint_wide"].get<std::vector<std::int64_t>>())
    CHECK(random.integer(0, std::int64_t{1} << 40) == x);
  CHECK(random.permutation(37) == v["randperm"].get<std::vector<std::int64_t>>());
  for (double x : v["rand_double"].get<std::vector<double>>()) CHECK(random.uniform_double() == x);
  for (bool x : v["bernoulli"].get<std::vector<bool>>()) CHECK(random.bernoulli(0.8) == x);
}

TEST_CASE("normal numbers are torch's to three units in the last place, of every length of a call") {
  auto const& v = train_vectors()["generator"];
  torch_generator random(v["seed"].get<std::uint64_t>());
  for (auto const& call : v["normal"]) {
    auto const want = call.get<std::vector<float>>();
    std::vector<float> got(want.size());
    random.fill_normal(got, 0.5F, 2.0F);
    for (std::size_t i = 0; i < want.size(); ++i) {
      INFO(want.size() << " numbers, the one at " << i);
      CHECK(std::abs(got[i] - want[i]) <= 3.0F * 0x1p-23F * std::fmax(1.0F, std::abs(want[i])));
    }
  }
}

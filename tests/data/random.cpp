// Numbers that Python and PyTorch gave (make_vectors.py).
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/data/python_random.hpp"
#include "constformer/train/torch_generator.hpp"
#include "support.hpp"

using namespace constformer;
using namespace data_test;

namespace {

std::string hexadecimal(std::span<std::byte const> bytes) {
  std::string out;
  char digits[3];
  for (std::byte const b : bytes) {
    std::snprintf(digits, sizeof digits, "%02x", std::to_integer<unsigned>(b));
    out += digits;
  }
  return out;
}

std::vector<int> counted(int n) {
  std::vector<int> out(static_cast<std::size_t>(n), 0);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

}  // namespace

TEST_CASE("numbers and orders are those of Python's random.Random") {
  auto const& v = vectors()["python"];
  python_random random(v["seed"].get<std::uint32_t>());
  for (double x : v["random"].get<std::vector<double>>()) CHECK(random.uniform() == x);
  for (std::int64_t x : v["randint"].get<std::vector<std::int64_t>>()) CHECK(random.integer(0, 30521) == x);
  for (std::int64_t x : v["small"].get<std::vector<std::int64_t>>()) CHECK(random.integer(2, 125) == x);
  std::vector<int> values = counted(40);
  random.shuffle(std::span(values));
  CHECK(values == v["shuffle"].get<std::vector<int>>());

  python_random other(42);
  values = counted(1000);
  other.shuffle(std::span(values));
  values.resize(20);
  CHECK(values == v["shuffle_42"].get<std::vector<int>>());
  for (int i = 0; i < 399; ++i) static_cast<void>(other.uniform());
  python_random resumed(other.now());
  CHECK(resumed.uniform() == v["after"].get<double>());
}

TEST_CASE("the state of torch's generator has the bytes of get_rng_state, and goes on from them") {
  auto const states = vectors()["torch_states"].get<std::vector<std::string>>();
  torch_generator random(1337);
  CHECK(hexadecimal(random.state()) == states[0]);
  std::vector<float> few(3);
  random.fill_normal(few, 0.0F, 1.0F);
  // The spare normal number may differ in its last bits: the rest of the state is compared.
  auto const without_spare = [](std::string hex) { return hex.replace(2 * (24 + 8 * 624 + 8), 16, ""); };
  CHECK(without_spare(hexadecimal(random.state())) == without_spare(states[1]));

  auto const kept = random.state();
  torch_generator other(1);
  other.restore(kept);
  CHECK(other.state() == kept);
  for (int i = 0; i < 700; ++i) CHECK(random.uniform() == other.uniform());
  CHECK(without_spare(hexadecimal(random.state())) == without_spare(states[2]));
  for (int i = 0; i < 548; ++i) static_cast<void>(random.uniform());
  CHECK(without_spare(hexadecimal(random.state())) == without_spare(states[3]));
  other.restore(random.state());
  CHECK(other.uniform() == random.uniform());

  auto damaged = kept;
  damaged[8] = std::byte{200};
  CHECK(message_of([&] { other.restore(damaged); }) ==
        "these 5056 bytes are no state of torch's generator, which has 5056");
  CHECK(message_of([&] { other.restore(std::span(kept).first(5048)); }) ==
        "these 5048 bytes are no state of torch's generator, which has 5056");
}

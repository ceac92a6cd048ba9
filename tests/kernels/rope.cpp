// Rotation: lengths are kept, scores depend on distance alone, and the packed order equals Hugging Face's halves.
#include <cmath>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/pack_plan.hpp"
#include "constformer/kernels/rope-inl.hpp"
#include "constformer/kernels/rope.hpp"
#include "reference.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

std::vector<float> rotated(std::vector<float> head, rope_config const& r, int position) {
  auto const dims = static_cast<std::size_t>(r.rotary_dims);
  std::vector<float> frequencies(dims / 2);
  std::vector<float> cos(dims);
  std::vector<float> sin(dims);
  rope_frequencies(r, position + 1, frequencies);
  rope_factors(frequencies, position, r.attention_factor, cos.data(), sin.data());
  rotate(head.data(), cos.data(), sin.data(), r.rotary_dims);
  return head;
}

double dot(std::vector<float> const& a, std::vector<float> const& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

TEST_CASE("a score depends on the distance of its positions alone") {
  for (int dims : {2, 6, 10, 16, 20, 64}) {
    rope_config const r{.rotary_dims = dims};
    auto const q = reference::random_floats(static_cast<std::size_t>(dims), 1);
    auto const k = reference::random_floats(static_cast<std::size_t>(dims), 2);
    INFO("dims=" << dims);
    double const score = dot(rotated(q, r, 9), rotated(k, r, 4));
    CHECK(std::abs(score - dot(rotated(q, r, 105), rotated(k, r, 100))) < 1e-4 * std::abs(score) + 1e-4);
    CHECK(std::abs(dot(rotated(q, r, 77), rotated(q, r, 77)) - dot(q, q)) < 1e-4);
  }
}

TEST_CASE("frequencies in float16 are the nearest, ties to even") {
  CHECK(detail::rounded_to_f16(1.0) == 1.0);
  CHECK(detail::rounded_to_f16(0.0) == 0.0);
  CHECK(detail::rounded_to_f16(0.1) == 0.0999755859375);
  CHECK(detail::rounded_to_f16(1.0 + 1.0 / 2048) == 1.0);  // half way: the even neighbour
  CHECK(detail::rounded_to_f16(1.0 + 3.0 / 2048) == 1.0 + 1.0 / 512);
  CHECK(detail::rounded_to_f16(1e-5) == 168 * 5.9604644775390625e-8);  // a subnormal
}

TEST_CASE("two planes have the frequencies of half a head each") {
  rope_config const r{.rotary_dims = 16, .planes = 2};
  rope_config const half{.rotary_dims = 8};
  std::vector<float> ours(4), theirs(4);
  rope_frequencies(r, 1, ours);
  rope_frequencies(half, 1, theirs);
  CHECK(ours == theirs);
  pack_step const step{.parameter = {}, .rows = 16, .cols = 1, .rotary_planes = 2, .rotary_dims = 16};
  int const first[]{0, 2, 4, 6, 1, 3, 5, 7};
  for (int row = 0; row < 16; ++row) CHECK(packed_row(step, 16, row) == first[row % 8] + row / 8 * 8);
}

TEST_CASE("dims after the rotating ones are left alone") {
  rope_config const r{.rotary_dims = 6};
  auto const head = reference::random_floats(10, 3);
  auto const out = rotated(head, r, 5);
  CHECK(std::equal(head.begin() + 6, head.end(), out.begin() + 6));
  CHECK_FALSE(std::equal(head.begin(), head.begin() + 6, out.begin()));
}

TEST_CASE("rows in packed order rotate as halves do in the checkpoint's order") {
  constexpr int head_dim = 10;
  constexpr int dims = 8;
  rope_config const r{.rotary_dims = dims};
  auto const head = reference::random_floats(head_dim, 4);
  pack_step const step{.parameter = {}, .rows = head_dim, .cols = 1, .rotary_dims = dims};
  std::vector<float> packed(16);
  for (int row = 0; row < head_dim; ++row)
    packed[static_cast<std::size_t>(packed_row(step, head_dim, row))] = head[static_cast<std::size_t>(row)];
  int const position = 3;
  auto const ours = rotated(packed, r, position);
  for (int j = 0; j < dims / 2; ++j) {
    double const angle = position * std::pow(10000.0, -2.0 * j / dims);
    double const a = static_cast<double>(head[static_cast<std::size_t>(j)]);
    double const b = static_cast<double>(head[static_cast<std::size_t>(j + dims / 2)]);
    auto const at = [&](int row) {
      return static_cast<double>(ours[static_cast<std::size_t>(packed_row(step, head_dim, row))]);
    };
    CHECK(std::abs(at(j) - (a * std::cos(angle) - b * std::sin(angle))) < 1e-6);
    CHECK(std::abs(at(j + dims / 2) - (b * std::cos(angle) + a * std::sin(angle))) < 1e-6);
  }
}

TEST_CASE("scalings change the frequencies they should") {
  std::vector<float> plain(32);
  std::vector<float> scaled(32);
  rope_config r{.rotary_dims = 64};
  rope_frequencies(r, 100, plain);
  r.scaling = rope_scaling_kind::linear;
  r.factor = 4;
  rope_frequencies(r, 100, scaled);
  CHECK(std::abs(scaled[5] * 4 - plain[5]) < 1e-7F);
  r.scaling = rope_scaling_kind::llama3;
  r.original_positions = 8192;
  rope_frequencies(r, 100, scaled);
  CHECK(scaled[0] == plain[0]);                         // turns often: kept
  CHECK(std::abs(scaled[31] * 4 - plain[31]) < 1e-9F);  // longer than the trained context: stretched
  r.scaling = rope_scaling_kind::dynamic;
  r.original_positions = 128;
  rope_frequencies(r, 128, scaled);
  CHECK(scaled == plain);
  rope_frequencies(r, 129, scaled);
  CHECK(scaled[31] < plain[31]);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

// The worked examples of the lecture on transformers (S3) and of the note on attention (S4), with their printed errors
// corrected; docs/census.md lists these. lecture_kernels.cpp asks the kernels.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <cstddef>
#include <random>
#include <utility>

#include "constformer/config/families.hpp"
#include "constformer/configs/bert_base.hpp"
#include "constformer/configs/llama2_7b.hpp"
#include "constformer/layers/linear.hpp"

namespace {

using Catch::Matchers::WithinAbs;
using namespace constformer;

template <std::size_t N>
using row = std::array<double, N>;
template <std::size_t N>
using square = std::array<row<N>, N>;

template <std::size_t N>
row<N> softmax(row<N> const& scores, std::size_t visible = N) {
  double const peak = *std::max_element(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(visible));
  row<N> p{};
  double sum = 0;
  for (std::size_t j = 0; j < visible; ++j) sum += p[j] = std::exp(scores[j] - peak);
  for (double& x : p) x /= sum;
  return p;
}

template <std::size_t N>
double determinant(square<N> m) {
  double product = 1;
  for (std::size_t i = 0; i < N; ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i + 1; r < N; ++r)
      if (std::abs(m[r][i]) > std::abs(m[pivot][i])) pivot = r;
    if (m[pivot][i] == 0) return 0;
    if (pivot != i) {
      std::swap(m[pivot], m[i]);
      product = -product;
    }
    product *= m[i][i];
    for (std::size_t r = i + 1; r < N; ++r) {
      double const factor = m[r][i] / m[i][i];
      for (std::size_t c = i; c < N; ++c) m[r][c] -= factor * m[i][c];
    }
  }
  return product;
}

TEST_CASE("positions of 'I am good': sin and cos of the same angle", "[lecture]") {
  auto const encoding = [](int position, int dim) {
    double const angle = position / std::pow(10000.0, dim / 2 * 2 / 4.0);
    return dim % 2 == 0 ? std::sin(angle) : std::cos(angle);
  };
  // Three rows; the lecture's last matrix drops the first, and rounds .9998 to .99 and −.416 to −.4.
  square<4> const p{{{0, 1, 0, 1}, {.8415, .5403, .0100, 1.0000}, {.9093, -.4161, .0200, .9998}, {}}};
  for (int position = 0; position < 3; ++position)
    for (int dim = 0; dim < 4; ++dim)
      CHECK_THAT(encoding(position, dim),
                 WithinAbs(p[static_cast<std::size_t>(position)][static_cast<std::size_t>(dim)], 5e-5));

  // "good" + position 2: the printed 9.1 is the embedding alone.
  row<4> const good{9.1, 7.1, .85, 10.1};
  row<4> const sum{10.01, 6.68, .87, 11.10};
  for (std::size_t dim = 0; dim < 4; ++dim)
    CHECK_THAT(good[dim] + encoding(2, static_cast<int>(dim)), WithinAbs(sum[dim], 5e-3));
}

TEST_CASE("triangular attention has full rank", "[lecture]") {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> score(-4, 4);
  for (int trial = 0; trial < 20; ++trial) {
    square<6> p{};
    double diagonal = 1;
    for (std::size_t i = 0; i < 6; ++i) {
      row<6> scores{};
      for (double& x : scores) x = score(random);
      p[i] = softmax(scores, i + 1);
      diagonal *= p[i][i];
    }
    CHECK(diagonal > 0);
    CHECK_THAT(determinant(p), WithinAbs(diagonal, 1e-12));
  }
  // Without the mask it need not have: equal scores everywhere leave rank 1.
  square<6> flat{};
  for (auto& p : flat) p = softmax(row<6>{});
  CHECK_THAT(determinant(flat), WithinAbs(0, 1e-12));
}

TEST_CASE("the variance of a score is head_dim, which is why scores are divided by its root", "[lecture]") {
  constexpr int samples = 20'000;
  for (int head_dim : {8, 64, 128}) {
    std::mt19937 random(static_cast<unsigned>(head_dim));
    std::normal_distribution<double> entry(0, 1);
    double squares = 0;
    for (int i = 0; i < samples; ++i) {
      double score = 0;
      for (int j = 0; j < head_dim; ++j) score += entry(random) * entry(random);
      squares += score * score;
    }
    // The estimate's own deviation is √((2 + 6/head_dim)/samples), about 1 %.
    double const variance = squares / samples;
    CHECK(std::abs(variance / head_dim - 1) < .05);
  }
}

TEST_CASE("softmax rows of scores over sqrt(64)", "[lecture]") {
  square<3> const scores{{{110, 90, 80}, {70, 99, 70}, {90, 70, 100}}};
  square<3> const expected{{{.9045, .0742, .0213}, {.0253, .9494, .0253}, {.2187, .0180, .7633}}};
  for (std::size_t i = 0; i < 3; ++i) {
    row<3> scaled = scores[i];
    for (double& x : scaled) x /= 8;
    row<3> const p = softmax(scaled);
    for (std::size_t j = 0; j < 3; ++j) CHECK_THAT(p[j], WithinAbs(expected[i][j], 5e-5));
  }
}

TEST_CASE("causal softmax rows of scores over sqrt(64)", "[lecture]") {
  square<4> const scores{{{73, 60, 10, 45}, {40, 99, 25, 70}, {58, 40, 83, 10}, {12, 11, 15, 80}}};
  square<4> const expected{{{1}, {.00063, .99937}, {.0419, .0044, .9537}, {.0002, .0002, .0003, .9993}}};
  for (std::size_t i = 0; i < 4; ++i) {
    row<4> scaled = scores[i];
    for (double& x : scaled) x /= 8;
    row<4> const p = softmax(scaled, i + 1);
    for (std::size_t j = 0; j < 4; ++j) CHECK_THAT(p[j], WithinAbs(expected[i][j], 5e-5));
  }
}

TEST_CASE("probabilities of the cross-attention example mix four targets over three sources", "[lecture]") {
  // Printed to two or three digits: each row still sums to one within its rounding.
  std::array<row<3>, 4> const printed{{{.84, .017, .14}, {.98, .02, 0}, {0, 1, 0}, {0, 0, 1}}};
  for (row<3> const& p : printed) CHECK_THAT(p[0] + p[1] + p[2], WithinAbs(1, 5e-3));
}

// [B, S, Dm] → [B, H, S, Dh] → scores S×S → concat → W_O: widths chain, and heads times head_dim is d_model.
template <config const& C>
constexpr bool attention_chains =
    chained<linear<C.heads * C.head_dim, C.d_model, false>, linear<C.d_model, C.heads * C.head_dim, false>>::value &&
    C.heads * C.head_dim == C.d_model;
static_assert(attention_chains<configs::bert_base>);
static_assert(attention_chains<configs::llama2_7b>);

// The lecture's first example: d_model 512, eight heads of 64, feed-forward 2048.
constexpr config base = bert({.layers = 6, .d_model = 512, .heads = 8, .vocab = 10000, .positions = 512});
static_assert(base.head_dim == 64 && base.d_ff == 2048);

}  // namespace

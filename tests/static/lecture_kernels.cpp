// The lecture's worked examples through the kernels that models run on. With keys and values that are unit matrices,
// queries are scores and results are probabilities.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "hwy/highway.h"

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/attention-inl.hpp"
#include "constformer/kernels/masks.hpp"
#include "constformer/kernels/matmul-inl.hpp"

namespace {

using Catch::Matchers::WithinAbs;
using namespace constformer;
namespace kernels = constformer::HWY_NAMESPACE;

template <std::size_t Rows, std::size_t Cols>
using table = std::array<std::array<float, Cols>, Rows>;

// softmax(scores / 8), row by row, by the attention kernel.
template <class Mask, std::size_t Queries, std::size_t Keys>
table<Queries, Keys> probabilities(table<Queries, Keys> const& scores, Mask mask) {
  using kernel = kernels::attention_kernel<int{Keys}, 1, Mask>;
  std::vector<float> keys(Keys * panel_rows);          // one panel: (head_dim, 16)
  std::vector<float> values(panel_rows * panel_rows);  // rows (16, padded head_dim)
  for (std::size_t i = 0; i < Keys; ++i) keys[i * panel_rows + i] = values[i * panel_rows + i] = 1;
  int const block = 0;
  table<Queries, Keys> out{};
  auto const scratch = std::make_unique<typename kernel::scratch>();
  kernel::attend({.query = scores[0].data(),
                  .query_stride = Keys,
                  .keys = keys.data(),
                  .values = values.data(),
                  .blocks = &block,
                  .out = out[0].data(),
                  .out_stride = Keys,
                  .first_position = 0,
                  .positions = int{Queries},
                  .mask = mask,
                  .scale = 1.0F / 8},
                 *scratch);
  return out;
}

template <std::size_t Rows, std::size_t Cols>
void check_rows(table<Rows, Cols> const& rows, table<Rows, Cols> const& expected, double tolerance) {
  for (std::size_t i = 0; i < Rows; ++i)
    for (std::size_t j = 0; j < Cols; ++j) CHECK_THAT(rows[i][j], WithinAbs(expected[i][j], tolerance));
}

TEST_CASE("the kernel's softmax rows are the lecture's", "[lecture]") {
  check_rows<3, 3>(probabilities(table<3, 3>{{{110, 90, 80}, {70, 99, 70}, {90, 70, 100}}}, bidirectional_mask{3}),
                   {{{.9045F, .0742F, .0213F}, {.0253F, .9494F, .0253F}, {.2187F, .0180F, .7633F}}}, 5e-5);
}

TEST_CASE("the kernel's causal rows are the lecture's", "[lecture]") {
  check_rows<4, 4>(probabilities(table<4, 4>{{{73, 60, 10, 45}, {40, 99, 25, 70}, {58, 40, 83, 10}, {12, 11, 15, 80}}},
                                 causal_mask{}),
                   {{{1}, {.00063F, .99937F}, {.0419F, .0044F, .9537F}, {.0002F, .0002F, .0003F, .9993F}}}, 5e-5);
}

TEST_CASE("four target queries attend over three source keys", "[lecture]") {
  table<4, 3> const printed{{{.84F, .017F, .14F}, {.98F, .02F, 0}, {0, 1, 0}, {0, 0, 1}}};
  table<4, 3> scores{};
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 3; ++j) scores[i][j] = printed[i][j] > 0 ? 8 * std::log(printed[i][j]) : -400;
  check_rows(probabilities(scores, bidirectional_mask{3}), printed,
             5e-3);  // the printed rows sum to one within their rounding
}

// W (outputs, inputs), row by row, in panels.
std::vector<float> pack(std::vector<float> const& w, std::size_t inputs) {
  matrix_shape const shape{static_cast<std::int64_t>(w.size() / inputs), static_cast<int>(inputs)};
  std::vector<float> packed(static_cast<std::size_t>(round_up(shape.rows, panel_rows)) * inputs);
  for (std::size_t i = 0; i < w.size(); ++i) {
    auto const place = static_cast<std::int64_t>(i);
    packed[static_cast<std::size_t>(element_of(dtype::f32, shape, place / shape.cols, place % shape.cols))] = w[i];
  }
  return packed;
}

// y = W · x by the matrix kernel.
std::vector<float> project(std::vector<float> const& w, std::vector<float> const& x) {
  std::size_t const outputs = w.size() / x.size();
  std::vector<float> const packed = pack(w, x.size());
  int const panels = static_cast<int>((outputs + panel_rows - 1) / panel_rows);
  std::vector<float> y(static_cast<std::size_t>(panels) * panel_rows);
  auto const store = [&](int, int column, kernels::float_vec v)
                         HWY_ATTR { hwy::HWY_NAMESPACE::StoreU(v, kernels::float_tag(), y.data() + column); };
  kernels::matmul(x.data(), x.size(), 1, packed.data(), static_cast<int>(x.size()), panels, 0, panels, store);
  y.resize(outputs);
  return y;
}

TEST_CASE("one projection for all heads is the heads' projections side by side", "[lecture]") {
  constexpr std::size_t heads = 3;
  constexpr std::size_t head_dim = 8;
  constexpr std::size_t width = heads * head_dim;
  std::mt19937 random(11);
  std::uniform_real_distribution<float> entry(-1, 1);
  std::vector<float> w(width * width);
  std::vector<float> x(width);
  for (float& v : w) v = entry(random);
  for (float& v : x) v = entry(random);

  std::vector<float> const merged = project(w, x);
  std::vector<float> through_output(width);
  for (std::size_t h = 0; h < heads; ++h) {
    auto const rows = w.begin() + static_cast<std::ptrdiff_t>(h * head_dim * width);
    std::vector<float> const head = project({rows, rows + head_dim * width}, x);
    for (std::size_t i = 0; i < head_dim; ++i) CHECK(head[i] == merged[h * head_dim + i]);

    // concat(heads)·W_O is the sum of the heads through their own columns of W_O.
    std::vector<float> columns(width * head_dim);
    for (std::size_t o = 0; o < width; ++o)
      for (std::size_t i = 0; i < head_dim; ++i) columns[o * head_dim + i] = w[o * width + h * head_dim + i];
    std::vector<float> const part = project(columns, head);
    for (std::size_t o = 0; o < width; ++o) through_output[o] += part[o];
  }
  std::vector<float> const whole = project(w, merged);
  for (std::size_t o = 0; o < width; ++o) CHECK_THAT(through_output[o], WithinAbs(whole[o], 1e-4));
}

}  // namespace

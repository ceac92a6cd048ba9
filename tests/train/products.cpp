// Products of training against plain sums, of f32 and of bf16, and what a model learns whose matrices are bf16.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "constformer/execute/program.hpp"
#include "constformer/kernels/adamw.hpp"
#include "constformer/kernels/product-inl.hpp"
#include "constformer/train/groups.hpp"
#include "constformer/train/trainer-inl.hpp"
#include "small_model.hpp"

using namespace constformer;
namespace native = constformer::HWY_NAMESPACE;
using native::second_is;

namespace {

// To the nearest, ties to even (IEEE 754); written out here, because the kernels' own rounding is what is tested.
float rounded_to_bf16(float x) {
  auto const bits = std::bit_cast<std::uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7FFFU + (bits >> 16 & 1U)) & 0xFFFF0000U);
}

template <class Factor>
float factor_of_value(float x) {
  return native::in_pairs<Factor> ? rounded_to_bf16(x) : x;
}

struct extents {
  int rows, outputs, depth;
};
// Tiles of all heights, panels that are not whole, odd depths, more than one piece of depth, many rows.
constexpr std::array shapes{extents{1, 1, 1},     extents{5, 17, 3},    extents{13, 40, 385},
                            extents{24, 130, 48}, extents{200, 33, 20}, extents{1500, 150, 259}};

struct matrix {
  std::vector<float> values;
  std::size_t stride;

  matrix(int rows, int columns, unsigned seed) : stride(static_cast<std::size_t>(columns) + 3) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    values.resize(static_cast<std::size_t>(rows) * stride);
    for (float& x : values) x = normal(random);
  }
  float at(int r, int c) const { return values[static_cast<std::size_t>(r) * stride + static_cast<std::size_t>(c)]; }
};

template <second_is Way, class Factor>
void check_product(extents e, bool add, bool with_offset) {
  constexpr bool outputs_first = Way == second_is::outputs;
  matrix a(e.rows, e.depth, 1), b(outputs_first ? e.outputs : e.depth, outputs_first ? e.depth : e.outputs, 2);
  matrix out(e.rows, e.outputs, 3);
  matrix const before = out, offset(1, e.outputs, 4);
  std::vector<float> scratch(native::product_scratch);
  native::product<Way, Factor>(
      {a.values.data(), a.stride, e.rows, e.depth},
      {b.values.data(), b.stride, outputs_first ? e.outputs : e.depth, outputs_first ? e.depth : e.outputs},
      {out.values.data(), out.stride, e.outputs, add, with_offset ? offset.values.data() : nullptr}, 0,
      padded(e.outputs) / panel_rows, scratch.data());
  double most = 0.0;
  for (int r = 0; r < e.rows; ++r)
    for (int o = 0; o < e.outputs; ++o) {
      double sum = add ? before.at(r, o) : with_offset ? offset.at(0, o) : 0.0F;
      for (int k = 0; k < e.depth; ++k)
        sum += static_cast<double>(factor_of_value<Factor>(a.at(r, k))) *
               static_cast<double>(factor_of_value<Factor>(outputs_first ? b.at(o, k) : b.at(k, o)));
      double const apart = std::abs(sum - static_cast<double>(out.at(r, o)));
      most = std::isnan(apart) ? INFINITY : std::max(most, apart);
    }
  INFO(e.rows << " rows, " << e.outputs << " outputs, depth " << e.depth << ", add " << add);
  CHECK(most < 2e-6 * (4.0 + std::sqrt(e.depth) * 4.0));
  for (int r = 0; r < e.rows; ++r)
    for (std::size_t c = static_cast<std::size_t>(e.outputs); c < out.stride; ++c)
      REQUIRE(out.values[static_cast<std::size_t>(r) * out.stride + c] ==
              before.values[static_cast<std::size_t>(r) * out.stride + c]);
}

template <class Factor>
void check_products() {
  for (extents const e : shapes)
    for (bool add : {false, true}) {
      check_product<second_is::outputs, Factor>(e, add, !add);
      check_product<second_is::depth, Factor>(e, add, false);
    }
}

constexpr std::array groups{parameter_group<adamw_options>{"all", [](parameter_entry const&) { return true; }, {}}};

template <dtype Products>
using trainer_of =
    native::trainer<training_program<small::model, small::bounds, learning{.products = Products}>, groups>;

// Losses of 20 steps.
template <dtype Products>
std::vector<double> losses(int threads) {
  trainer_of<Products> model(threads);
  small::fill(model);
  small::batches batches;
  auto const same = batches.next();
  std::vector<double> out;
  for (int i = 0; i < small::steps; ++i) {
    out.push_back(model.accumulate(same));
    model.update(1e-2);
  }
  return out;
}

// A template, so that what a processor has not is not compiled.
template <dtype Products>
void check_training() {
  auto const exact = losses<dtype::f32>(1), rounded = losses<Products>(1);
  CHECK(rounded == losses<Products>(2));
  CHECK(rounded != exact);
  for (std::size_t i = 0; i < exact.size(); ++i) CHECK(std::abs(rounded[i] - exact[i]) < 0.02 * exact[i]);
  CHECK(rounded.back() < 0.8 * rounded.front());
}

}  // namespace

TEST_CASE("products of f32 are those of plain sums") { check_products<float>(); }

#if HWY_NATIVE_DOT_BF16
TEST_CASE("products of bf16 are sums of products of rounded values") { check_products<hwy::bfloat16_t>(); }

TEST_CASE(
    "a model whose matrices are multiplied as bf16 learns as one in f32 does, with the same bits for all threads") {
  check_training<dtype::bf16>();
}
#endif

// Products of rows and packed panels: every remainder of rows, panels and depth, both weight types, every finish.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/integers-inl.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "constformer/checkpoint/packed_value.hpp"
#include "products.hpp"
#include "reference.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

TEST_CASE("products of integers agree with plain loops over what was rounded") {
  for (int rows : {1, 2, 3, 4, 5, 13})
    for (int in : {1, 31, 32, 33, 100})
      for (int out : {1, 16, 17, 48, 145}) {
        INFO("rows=" << rows << " in=" << in << " out=" << out);
        CHECK(integer_distance<dtype::q8_0, integer_dots::pairs>(rows, in, out) < 1e-5);
        CHECK(integer_distance<dtype::q4_0, integer_dots::pairs>(rows, in, out) < 1e-5);
        CHECK(integer_distance<dtype::iq4_nl, integer_dots::pairs>(rows, in, out) < 1e-5);
        CHECK(integer_distance<dtype::q8_0, integer_dots::quads>(rows, in, out) < 1e-5);
        CHECK(integer_distance<dtype::q4_0, integer_dots::quads>(rows, in, out) < 1e-5);
        CHECK(integer_distance<dtype::iq4_nl, integer_dots::quads>(rows, in, out) < 1e-5);
      }
}

template <dtype Type, integer_dots Dots, class Value>
float product_of_extremes(Value weight) {
  stored<Type> block;
  std::fill(std::begin(block.scales), std::end(block.scales), std::uint16_t{0x3C00});  // 1 in f16
  std::memset(block.values, static_cast<int>(weight), sizeof block.values);
  std::vector<float> const ones(block_columns, 1.0F);
  input_block<stored<Type>, Dots> input;
  round_row(ones.data(), block_columns, &input);
  std::vector<float> y(panel_rows);
  matmul(&input, 1, 1, &block, block_columns, 1, 0, 1, store_sums<false>{{y.data(), panel_rows}, nullptr});
  CHECK(std::ranges::all_of(y, [&](float v) { return v == y[0]; }));
  return y[0];
}

template <integer_dots Dots>
void check_extremes() {
  CHECK(std::abs(product_of_extremes<dtype::q8_0, Dots>(-128) + 32 * 128.0F) < 1e-2F);
  CHECK(std::abs(product_of_extremes<dtype::q8_0, Dots>(127) - 32 * 127.0F) < 1e-2F);
  CHECK(std::abs(product_of_extremes<dtype::q4_0, Dots>(0xFF) - 32 * 7.0F) < 1e-3F);
  CHECK(std::abs(product_of_extremes<dtype::q4_0, Dots>(0) + 32 * 8.0F) < 1e-3F);
  CHECK(std::abs(product_of_extremes<dtype::iq4_nl, Dots>(0xFF) - 32 * 113.0F) < 1e-2F);
  CHECK(std::abs(product_of_extremes<dtype::iq4_nl, Dots>(0) + 32 * 127.0F) < 1e-2F);
}

TEST_CASE("the largest sums of a block fit into the integers they are made in") {
  check_extremes<integer_dots::pairs>();
  check_extremes<integer_dots::quads>();
}

TEST_CASE("a block of zeros is rounded to zeros") {
  std::vector<float> const zeros(block_columns);
  rounded_inputs<q4_0_block> block;
  round_row(zeros.data(), block_columns, &block);
  CHECK(block.scale == 0.0F);
  CHECK(block.excess == 0);
  CHECK(std::ranges::all_of(block.values, [](int v) { return v == 0; }));
}

// The inputs rounded to bf16, as a model rounds them.
std::vector<bf16_input> rounded_to_bf16(product const& p) {
  std::vector<bf16_input> out(p.x.size());
  for (std::size_t r = 0; r < static_cast<std::size_t>(p.rows); ++r)
    round_to_bf16(p.x.data() + r * p.stride(), p.in, out.data() + r * p.stride());
  return out;
}

std::vector<float> bf16_product_of(product const& p, bf16_input const* x, int rows,
                                   std::vector<hwy::bfloat16_t> const& weights) {
  std::vector<float> y(static_cast<std::size_t>(p.rows * padded(p.out)), -7.0F);
  store_sums<false> const finish{{y.data(), static_cast<std::size_t>(padded(p.out))}, nullptr};
  matmul(x, p.stride(), rows, weights.data(), p.in, padded(p.out) / panel_rows, 0, padded(p.out) / panel_rows, finish);
  return p.tight(y);
}

// Against the product of what inputs and weights were rounded to.
double bf16_distance(int rows, int in, int out) {
  product p(rows, in, out);
  auto const weights = packed<dtype::bf16>(p.w, out, in);
  auto const x = rounded_to_bf16(p);
  auto const given = p.dense_input();
  std::vector<float> kept;
  for (int r = 0; r < rows; ++r)
    for (int k = 0; k < in; ++k) {
      auto const nearest = hwy::ConvertScalarTo<hwy::bfloat16_t>(given[static_cast<std::size_t>(r * in + k)]);
      float const value = hwy::ConvertScalarTo<float>(nearest);
      CHECK(hwy::ConvertScalarTo<float>(x[static_cast<std::size_t>(r) * p.stride() + static_cast<std::size_t>(k)]) ==
            value);
      p.x[static_cast<std::size_t>(r) * p.stride() + static_cast<std::size_t>(k)] = value;
      kept.push_back(value);
    }
  std::vector<float> w;
  for (int o = 0; o < out; ++o)
    for (int i = 0; i < in; ++i) w.push_back(panel_value<dtype::bf16>(weights.data(), {out, in}, o, i));
  return reference::distance(bf16_product_of(p, x.data(), rows, weights), reference::matmul(kept, w, rows, in, out));
}

TEST_CASE("products of bf16 agree with plain loops over what was rounded") {
  for (int rows : {1, 2, 5, 8, 13, 25})
    for (int in : {1, 2, 7, 32, 33, 100})
      for (int out : {1, 17, 48, 145}) {
        INFO("rows=" << rows << " in=" << in << " out=" << out);
        CHECK(bf16_distance(rows, in, out) < 1e-5);
      }
}

TEST_CASE("a row of bf16 alone has the bits that it has among others") {
  product const p(7, 100, 80);
  auto const weights = packed<dtype::bf16>(p.w, 80, 100);
  auto const x = rounded_to_bf16(p);
  auto const together = bf16_product_of(p, x.data(), 7, weights);
  for (std::size_t row = 0; row < 7; ++row) {
    auto const alone = bf16_product_of(p, x.data() + row * p.stride(), 1, weights);
    CHECK(std::equal(alone.begin(), alone.begin() + 80, together.begin() + static_cast<std::ptrdiff_t>(row * 80)));
  }
}

template <dtype Type>
double product_distance(int rows, int in, int out) {
  product const p(rows, in, out);
  auto const weights = packed<Type>(p.w, out, in);
  return reference::distance(product_of<Type>(p, weights), p.expected_of<Type>(weights));
}

TEST_CASE("products agree with plain loops for every remainder of rows, panels and depth") {
  for (int rows : {1, 2, 3, 5, 6, 7, 8, 12, 13, 17, 25})
    for (int in : {1, 2, 7, 16, 33, 64})
      for (int out : {1, 15, 16, 17, 48, 64, 80, 145}) {
        INFO("rows=" << rows << " in=" << in << " out=" << out);
        CHECK(product_distance<dtype::f32>(rows, in, out) < 1e-5);
        CHECK(product_distance<dtype::f16>(rows, in, out) < 1e-5);
        CHECK(product_distance<dtype::bf16>(rows, in, out) < 1e-5);
        CHECK(product_distance<dtype::q8_0>(rows, in, out) < 1e-5);
        CHECK(product_distance<dtype::q4_0>(rows, in, out) < 1e-5);
        CHECK(product_distance<dtype::iq4_nl>(rows, in, out) < 1e-5);
      }
}

template <dtype Type>
void check_integer_rows_alone() {
  product const p(7, 100, 80);
  auto const weights = packed<Type>(p.w, 80, 100);
  auto const together = integer_product_of<Type, best_dots>(p, weights);
  auto const blocks = rounded<Type, best_dots>(p);
  for (std::size_t row = 0; row < 7; ++row) {
    std::vector<float> alone(80);
    matmul(blocks.data() + row * input_blocks(100), input_blocks(100), 1, weights.data(), 100, 5, 0, 5,
           store_sums<false>{{alone.data(), 80}, nullptr});
    CHECK(std::equal(alone.begin(), alone.end(), together.begin() + static_cast<std::ptrdiff_t>(row * 80)));
  }
}

template <dtype Type>
void check_rows_alone() {
  product const p(7, 100, 80);
  auto const weights = packed<Type>(p.w, 80, 100);
  auto const together = product_of<Type>(p, weights);
  for (int row = 0; row < 7; ++row) {
    std::vector<float> alone(80);
    matmul(p.x.data() + static_cast<std::size_t>(row) * p.stride(), p.stride(), 1, weights.data(), 100, 5, 0, 5,
           store_sums<false>{{alone.data(), 80}, nullptr});
    CHECK(std::equal(alone.begin(), alone.end(), together.begin() + row * 80));
  }
}

TEST_CASE("a row alone has the bits that it has among others") {
  check_rows_alone<dtype::f32>();
  check_rows_alone<dtype::f16>();
  check_rows_alone<dtype::bf16>();
  check_rows_alone<dtype::q8_0>();
  check_rows_alone<dtype::q4_0>();
  check_rows_alone<dtype::iq4_nl>();
  check_integer_rows_alone<dtype::q8_0>();
  check_integer_rows_alone<dtype::q4_0>();
  check_integer_rows_alone<dtype::iq4_nl>();
}

// Of 64 columns and 32 outputs, the sums made in four pieces.
template <dtype Type>
void check_pieces() {
  product const p(13, 64, 32);
  auto const weights = packed<Type>(p.w, 32, 64);
  auto const rows_from = [&](int first, int rows) {
    std::vector<float> y(static_cast<std::size_t>(rows) * 32);
    matmul(p.x.data() + static_cast<std::size_t>(first) * p.stride(), p.stride(), rows, weights.data(),
           chained<64, 4>{}, 2, 0, 2, store_sums<false>{{y.data(), 32}, nullptr});
    return y;
  };
  auto const together = rows_from(0, 13);
  CHECK(reference::distance(together, p.expected_of<Type>(weights)) < 1e-5);
  for (int row = 0; row < 13; ++row) {
    auto const alone = rows_from(row, 1);
    CHECK(std::equal(alone.begin(), alone.end(), together.begin() + row * 32));
  }
}

TEST_CASE("sums made in pieces have the same bits for a row alone and among others") {
  check_pieces<dtype::f32>();
  check_pieces<dtype::f16>();
  check_pieces<dtype::bf16>();
}

TEST_CASE("a depth known when compiled gives the bits of one known at run time") {
  product const p(7, 64, 80);
  auto const weights = packed<dtype::f32>(p.w, 80, 64);
  std::vector<float> fixed_depth(7 * 80);
  std::vector<float> run_time_depth(7 * 80);
  matmul(p.x.data(), p.stride(), 7, weights.data(), fixed<64>{}, fixed<5>{}, 0, 5,
         store_sums<false>{{fixed_depth.data(), 80}, nullptr});
  matmul(p.x.data(), p.stride(), 7, weights.data(), 64, 5, 0, 5,
         store_sums<false>{{run_time_depth.data(), 80}, nullptr});
  CHECK(fixed_depth == run_time_depth);
}

TEST_CASE("shares of the panels put together are the whole product, bit for bit") {
  product const p(3, 40, 160);
  auto const weights = packed<dtype::f32>(p.w, 160, 40);
  std::vector<float> whole(3 * 160);
  matmul(p.x.data(), p.stride(), 3, weights.data(), 40, 10, 0, 10, store_sums<false>{{whole.data(), 160}, nullptr});
  for (int count : {2, 3, 7}) {
    std::vector<float> parts(3 * 160);
    spin_barrier barrier(1);
    for (int index = 0; index < count; ++index) {
      work_range const mine = worker{index, count, &barrier}.share(10);
      matmul(p.x.data(), p.stride(), 3, weights.data(), 40, 10, mine.begin, mine.end,
             store_sums<false>{{parts.data(), 160}, nullptr});
    }
    CHECK(parts == whole);
  }
}

// Rows of a deep matrix, as many as `rows`, in shares that begin within bundles.
template <fetched Fetched, class Weight, class Input>
std::vector<float> deep_product(Input const* x, std::size_t stride, int rows, std::vector<Weight> const& weights) {
  std::vector<float> y(static_cast<std::size_t>(rows) * 160, -7.0F);
  store_sums<false> const finish{{y.data(), 160}, nullptr};
  for (int first : {0, 3, 9}) {
    int const last = first == 0 ? 3 : first == 3 ? 9 : 10;
    matmul<Fetched>(x, stride, rows, weights.data(), fixed<300>(), fixed<10>(), first, last, finish);
  }
  return y;
}

template <class Weight, class Input>
void check_deep(std::vector<Input> const& x, std::size_t stride, std::vector<Weight> const& weights,
                std::vector<double> const& expected) {
  std::vector<float> alone;
  for (std::size_t row = 0; row < 17; ++row) {
    auto const y = deep_product<fetched::nothing>(x.data() + row * stride, stride, 1, weights);
    alone.insert(alone.end(), y.begin(), y.end());
  }
  CHECK(reference::distance(alone, expected) < 1e-5);
  for (int rows : {1, 2, 3, 4, 5, 8, 13, 17}) {
    auto const count = static_cast<std::ptrdiff_t>(rows) * 160;
    CHECK(std::ranges::equal(deep_product<fetched::nothing>(x.data(), stride, rows, weights),
                             std::span(alone).first(static_cast<std::size_t>(count))));
    CHECK(std::ranges::equal(deep_product<fetched::lines>(x.data(), stride, rows, weights),
                             std::span(alone).first(static_cast<std::size_t>(count))));
  }
}

template <dtype Type>
void check_deep_rows() {
  product const p(17, 300, 160);
  auto const weights = packed<Type>(p.w, 160, 300);
  check_deep(p.x, p.stride(), weights, p.expected_of<Type>(weights));
}

TEST_CASE("neither rows beside it nor what is fetched change the bits of a row of a deep matrix") {
  check_deep_rows<dtype::f32>();
  check_deep_rows<dtype::f16>();
  check_deep_rows<dtype::bf16>();
  check_deep_rows<dtype::q8_0>();
  product const p(17, 300, 160);
  auto const x = rounded_to_bf16(p);
  std::vector<float> kept;
  for (std::size_t r = 0; r < 17; ++r)
    for (std::size_t k = 0; k < 300; ++k) kept.push_back(hwy::ConvertScalarTo<float>(x[r * p.stride() + k]));
  auto const weights = packed<dtype::bf16>(p.w, 160, 300);
  std::vector<float> w;
  for (int o = 0; o < 160; ++o)
    for (int i = 0; i < 300; ++i) w.push_back(panel_value<dtype::bf16>(weights.data(), {160, 300}, o, i));
  check_deep(x, p.stride(), weights, reference::matmul(kept, w, 17, 300, 160));
}

TEST_CASE("every value of a matrix in panels has a place of its own") {
  for (dtype const type : {dtype::f32, dtype::f16, dtype::bf16})
    for (int panels : {1, 2, 3, 4, 5, 7, 8, 11})
      for (int cols : {1, 2, 7}) {
        matrix_shape const shape{panels * panel_rows, cols};
        std::vector<int> taken(static_cast<std::size_t>(shape.rows * packed_depth(type, cols)));
        for (std::int64_t row = 0; row < shape.rows; ++row)
          for (int column = 0; column < cols; ++column)
            ++taken.at(static_cast<std::size_t>(element_of(type, shape, row, column)));
        INFO(name_of(type) << " panels=" << panels << " columns=" << cols);
        CHECK(std::ranges::max(taken) == 1);
        CHECK(std::ranges::count(taken, 1) == shape.rows * cols);
      }
}

TEST_CASE("finishes add the bias, the residual and the gate") {
  int const rows = 8;
  int const in = 24;
  int const out = 32;
  product const p(rows, in, out);
  auto const weights = packed<dtype::f32>(p.w, out, in);
  auto const bias = reference::random_floats(32, 5);
  auto const before = reference::random_floats(rows * 32, 6);

  std::vector<float> added = before;
  matmul(p.x.data(), p.stride(), rows, weights.data(), in, 2, 0, 2, add_sums<true>{{added.data(), 32}, bias.data()});
  std::vector<double> expected = p.expected;
  for (std::size_t i = 0; i < expected.size(); ++i)
    expected[i] += static_cast<double>(bias[i % 32]) + static_cast<double>(before[i]);
  CHECK(reference::distance(added, expected) < 2e-6);

  // Panel 0 is the gate and panel 1 the input it opens: 16 columns come out.
  std::vector<float> gated(rows * 16);
  matmul(p.x.data(), p.stride(), rows, weights.data(), in, 2, 0, 2,
         gate_sums<activation_kind::silu, true>{{gated.data(), 16}, bias.data()});
  std::vector<double> opened;
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < 16; ++c) {
      double const gate = p.expected[r * 32 + c] + static_cast<double>(bias[c]);
      opened.push_back(gate / (1 + std::exp(-gate)) *
                       (p.expected[r * 32 + 16 + c] + static_cast<double>(bias[16 + c])));
    }
  CHECK(reference::distance(gated, opened) < 2e-6);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

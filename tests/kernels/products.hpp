// What the tests of products share: random inputs and weights, and the products of them.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/input_blocks.hpp"
#include "constformer/kernels/integers-inl.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "constformer/checkpoint/packed_value.hpp"
#include "pack_row.hpp"
#include "reference.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {

// W (out, in) in panels, packed as the command packs it.
template <dtype Type>
std::vector<stored<Type>> packed(std::vector<float> const& w, int out, int in) {
  auto const bytes = static_cast<std::size_t>(panel_bytes(Type, out, in));
  std::vector<stored<Type>> panels(bytes / sizeof(stored<Type>));
  auto const cols = static_cast<std::size_t>(in);
  for (int row = 0; row < out; ++row)
    command::put_panel_row(Type, reinterpret_cast<std::byte*>(panels.data()), {out, in}, row,
                           std::span(w).subspan(static_cast<std::size_t>(row) * cols, cols));
  return panels;
}

struct product {
  int rows, in, out;
  std::vector<float> x;  // (rows, padded in)
  std::vector<float> w;
  std::vector<double> expected;

  product(int r, int i, int o)
      : rows(r),
        in(i),
        out(o),
        w(reference::random_floats(static_cast<std::size_t>(o * i), static_cast<std::uint32_t>(o))) {
    auto const dense = dense_input();
    expected = reference::matmul(dense, w, r, i, o);
    x.assign(static_cast<std::size_t>(r) * static_cast<std::size_t>(padded(i)), 0.0F);
    for (int a = 0; a < r; ++a)
      for (int b = 0; b < i; ++b)
        x[static_cast<std::size_t>(a * padded(i) + b)] = dense[static_cast<std::size_t>(a * i + b)];
  }

  [[nodiscard]] std::vector<float> dense_input() const {
    return reference::random_floats(static_cast<std::size_t>(rows * in), static_cast<std::uint32_t>(rows + 7));
  }

  // What the product is with the weights that were stored, which are not quite those that were given.
  template <dtype Type>
  [[nodiscard]] std::vector<double> expected_of(std::vector<stored<Type>> const& panels) const {
    std::vector<float> kept;
    for (int o = 0; o < out; ++o)
      for (int i = 0; i < in; ++i) kept.push_back(panel_value<Type>(panels.data(), {out, in}, o, i));
    return reference::matmul(dense_input(), kept, rows, in, out);
  }

  [[nodiscard]] std::size_t stride() const { return static_cast<std::size_t>(padded(in)); }

  // y without its padding.
  [[nodiscard]] std::vector<float> tight(std::vector<float> const& y) const {
    std::vector<float> t;
    for (int r = 0; r < rows; ++r)
      for (int o = 0; o < out; ++o) t.push_back(y[static_cast<std::size_t>(r * padded(out) + o)]);
    return t;
  }
};

template <dtype Type>
std::vector<float> product_of(product const& p, std::vector<stored<Type>> const& weights) {
  std::vector<float> y(static_cast<std::size_t>(p.rows * padded(p.out)), -7.0F);
  store_sums<false> const finish{{y.data(), static_cast<std::size_t>(padded(p.out))}, nullptr};
  matmul(p.x.data(), p.stride(), p.rows, weights.data(), p.in, padded(p.out) / panel_rows, 0,
         padded(p.out) / panel_rows, finish);
  return p.tight(y);
}

// The inputs as integers, rounded as a model rounds them.
template <dtype Type, integer_dots Dots>
std::vector<input_block<stored<Type>, Dots>> rounded(product const& p) {
  std::vector<input_block<stored<Type>, Dots>> blocks(static_cast<std::size_t>(p.rows) * input_blocks(p.in));
  for (int r = 0; r < p.rows; ++r)
    round_row(p.x.data() + static_cast<std::size_t>(r) * p.stride(), p.in,
              blocks.data() + static_cast<std::size_t>(r) * input_blocks(p.in));
  return blocks;
}

template <dtype Type, integer_dots Dots>
std::vector<float> integer_product_of(product const& p, std::vector<stored<Type>> const& weights) {
  std::vector<float> y(static_cast<std::size_t>(p.rows * padded(p.out)), -7.0F);
  store_sums<false> const finish{{y.data(), static_cast<std::size_t>(padded(p.out))}, nullptr};
  matmul(rounded<Type, Dots>(p).data(), input_blocks(p.in), p.rows, weights.data(), p.in, padded(p.out) / panel_rows, 0,
         padded(p.out) / panel_rows, finish);
  return p.tight(y);
}

// Against the product of what inputs and weights were rounded to.
template <dtype Type, integer_dots Dots>
double integer_distance(int rows, int in, int out) {
  product p(rows, in, out);
  auto const weights = packed<Type>(p.w, out, in);
  auto const blocks = rounded<Type, Dots>(p);
  std::vector<float> x;
  for (int r = 0; r < rows; ++r)
    for (int k = 0; k < in; ++k) {
      auto const& block =
          blocks[static_cast<std::size_t>(r) * input_blocks(in) + static_cast<std::size_t>(k / block_columns)];
      x.push_back(block.scale * static_cast<float>(value_at(block, k % block_columns)));
      float const given = p.x[static_cast<std::size_t>(r) * p.stride() + static_cast<std::size_t>(k)];
      CHECK(std::abs(x.back() - given) <= block.scale * 0.501F);
    }
  std::vector<float> kept;
  for (int o = 0; o < out; ++o)
    for (int i = 0; i < in; ++i) kept.push_back(panel_value<Type>(weights.data(), {out, in}, o, i));
  return reference::distance(integer_product_of<Type, Dots>(p, weights), reference::matmul(x, kept, rows, in, out));
}

}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

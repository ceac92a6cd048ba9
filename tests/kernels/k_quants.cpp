// Products with K-quants: every remainder of rows and panels, and blocks that no float was rounded to.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/kernels/integers-inl.hpp"
#include "constformer/layers/linear-inl.hpp"
#include "pack_row.hpp"
#include "products.hpp"
#include "reference.hpp"

HWY_BEFORE_NAMESPACE();
namespace constformer {
namespace HWY_NAMESPACE {
namespace {

template <dtype Type>
void check_k_quant() {
  for (int rows : {1, 2, 3, 5, 13})
    for (int in : {256, 512})
      for (int out : {1, 16, 17, 48}) {
        INFO(name_of(Type) << " rows=" << rows << " in=" << in << " out=" << out);
        CHECK(integer_distance<Type, integer_dots::pairs>(rows, in, out) < 1e-5);
        CHECK(integer_distance<Type, integer_dots::quads>(rows, in, out) < 1e-5);
        product const p(rows, in, out);
        auto const weights = packed<Type>(p.w, out, in);
        CHECK(reference::distance(product_of<Type>(p, weights), p.expected_of<Type>(weights)) < 1e-5);
      }
}

TEST_CASE("products with K-quants agree with plain loops, of integers and of floats") {
  check_k_quant<dtype::q4_k>();
  check_k_quant<dtype::q5_k>();
  check_k_quant<dtype::q6_k>();
}

// A file's blocks, each byte of them random, but the halves.
template <dtype Type>
std::vector<stored<Type>> packed_blocks_of(dtype file_type, int out, int in) {
  std::vector<stored<Type>> panels(static_cast<std::size_t>(panel_bytes(Type, out, in)) / sizeof(stored<Type>));
  auto const random = reference::random_floats(static_cast<std::size_t>(bytes_of(file_type, in)), 3);
  std::vector<std::byte> row(random.size());
  for (int r = 0; r < out; ++r) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::size_t const from = (i * 31 + static_cast<std::size_t>(r) * 7) % row.size();
      row[i] = std::byte{static_cast<unsigned char>(static_cast<int>(random[from] * 100.0F))};
    }
    for (std::size_t block = 0; block < row.size(); block += static_cast<std::size_t>(group_of(file_type).bytes))
      for (std::size_t half : {0, 2}) row[block + half] = std::byte{0x11}, row[block + half + 1] = std::byte{0x1C};
    command::put_stored_panel_row(Type, reinterpret_cast<std::byte*>(panels.data()), {out, in}, r, file_type, row);
  }
  return panels;
}

TEST_CASE("products with what any block holds agree with plain loops") {
  for (int rows : {1, 2, 5})
    for (int out : {1, 17, 48}) {
      product const p(rows, 256, out);
      for (dtype const type : {dtype::q4_1, dtype::q4_k, dtype::iq4_xs}) {
        auto const weights = packed_blocks_of<dtype::q8_f>(type, out, 256);
        CHECK(reference::distance(product_of<dtype::q8_f>(p, weights), p.expected_of<dtype::q8_f>(weights)) < 1e-5);
      }
    }
}

TEST_CASE("a row beside K-quants has alone the bits that it has among others") {
  product const p(7, 512, 80);
  auto const weights = packed<dtype::q4_k>(p.w, 80, 512);
  auto const together = integer_product_of<dtype::q4_k, best_dots>(p, weights);
  for (std::size_t row = 0; row < 7; ++row) {
    product alone(1, 512, 80);
    std::copy_n(p.x.begin() + static_cast<std::ptrdiff_t>(row * p.stride()), p.stride(), alone.x.begin());
    auto const one = integer_product_of<dtype::q4_k, best_dots>(alone, weights);
    CHECK(std::equal(one.begin(), one.end(), together.begin() + static_cast<std::ptrdiff_t>(row * 80)));
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace constformer
HWY_AFTER_NAMESPACE();

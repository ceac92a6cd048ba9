#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/dtype.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;

namespace {

// IEEE 754 binary16 by its definition, with nothing but ldexp.
float half_by_definition(std::uint16_t half) {
  int const exponent = (half >> 10) & 31;
  int const fraction = half & 1023;
  float const sign = (half & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31)
    return fraction == 0 ? sign * std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  return exponent == 0 ? sign * std::ldexp(static_cast<float>(fraction), -24)
                       : sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

std::string all_halves() {
  std::string out = "?";  // what follows lies on odd addresses
  for (unsigned i = 0; i < 65536; ++i) out += raw(static_cast<std::uint16_t>(i));
  return out;
}

bool same(float a, float b) {
  return std::isnan(a) ? std::isnan(b) : std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

}  // namespace

TEST_CASE("every f16 and bf16 value converts exactly, from odd addresses too", "[tensors]") {
  std::string const bytes = all_halves();
  std::vector<float> out(65536);
  read_rows_f32({"h", dtype::f16, {65536}, bytes_of(bytes).subspan(1)}, 0, 1, out);
  int wrong = 0;
  for (unsigned i = 0; i < 65536; ++i) wrong += same(out[i], half_by_definition(static_cast<std::uint16_t>(i))) ? 0 : 1;
  CHECK(wrong == 0);
  read_rows_f32({"b", dtype::bf16, {256, 256}, bytes_of(bytes).subspan(1)}, 0, 256, out);
  wrong = 0;
  for (unsigned i = 0; i < 65536; ++i) wrong += std::bit_cast<std::uint32_t>(out[i]) == i << 16 ? 0 : 1;
  CHECK(wrong == 0);
}

TEST_CASE("rows and columns of a matrix", "[tensors]") {
  int const rows = 45, columns = 70;  // neither is a multiple of the tile
  std::string bytes(1, '?');
  bytes += counting(rows * columns);
  tensor_view const matrix{"m", dtype::f32, {rows, columns}, bytes_of(bytes).subspan(1)};
  std::vector<float> some(3 * columns);
  read_rows_f32(matrix, 40, 3, some);
  CHECK(some[0] == 40 * columns);
  CHECK(some[3 * columns - 1] == 43 * columns - 1);
  std::vector<float> turned(37 * rows);
  read_columns_f32(matrix, 33, 37, turned);
  int wrong = 0;
  for (int c = 0; c < 37; ++c)
    for (int r = 0; r < rows; ++r)
      wrong += turned[static_cast<std::size_t>(c * rows + r)] == static_cast<float>(r * columns + 33 + c) ? 0 : 1;
  CHECK(wrong == 0);
  std::vector<float> none;
  read_rows_f32(matrix, 45, 0, none);
}

TEST_CASE("extents of tensors as matrices", "[tensors]") {
  auto const extents = [](std::vector<std::int64_t> shape) {
    return matrix_of({"t", dtype::f32, std::move(shape), {}});
  };
  CHECK((extents({}).rows == 1 && extents({}).columns == 1));
  CHECK((extents({7}).rows == 1 && extents({7}).columns == 7));
  CHECK((extents({2, 3, 4}).rows == 2 && extents({2, 3, 4}).columns == 12));
  CHECK(shape_text(std::vector<std::int64_t>{2, 3, 4}) == "[2,3,4]");
  CHECK(shape_text({}) == "[]");
}

TEST_CASE("reading outside a tensor is an error", "[tensors]") {
  std::string const bytes = counting(12);
  tensor_view const matrix{"m", dtype::f32, {3, 4}, bytes_of(bytes)};
  std::vector<float> out(8);
  CHECK(sentence_of([&] { read_rows_f32(matrix, 2, 2, out); }) == "m: rows 2 to 4 of 3");
  CHECK(sentence_of([&] { read_rows_f32(matrix, -1, 2, out); }) == "m: rows -1 to 1 of 3");
  CHECK(sentence_of([&] { read_rows_f32(matrix, 0, 3, out); }) == "m: room for 8 values, 12 to be read");
  CHECK(sentence_of([&] { read_columns_f32(matrix, 3, 2, out); }) == "m: columns 3 to 5 of 4");
}

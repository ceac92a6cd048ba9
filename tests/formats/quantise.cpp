#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "command/half.hpp"
#include "command/pack_row.hpp"
#include "command/quantise.hpp"
#include "command/quantise_k.hpp"
#include "command/weight_choice.hpp"
#include "constformer/checkpoint/packed_blocks.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/checkpoint/packed_value.hpp"
#include "support.hpp"

using namespace constformer;

namespace {

nlohmann::json golden() {
  std::ifstream in(formats_test::fixtures().parent_path().parent_path() / "formats" / "quantised.json");
  return nlohmann::json::parse(in);
}

std::string hex(std::span<std::byte const> bytes) {
  std::string out;
  for (std::byte const b : bytes) {
    out += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
    out += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15U];
  }
  return out;
}

std::vector<std::byte> bytes_of_hex(std::string const& text) {
  std::vector<std::byte> out;
  for (std::size_t i = 0; i < text.size(); i += 2)
    out.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return out;
}

template <dtype Type>
void check_same_in_panels(std::vector<float> const& row) {
  auto const cols = row.size();
  matrix_shape const shape{32, static_cast<int>(cols)};
  std::vector<std::byte> panels(static_cast<std::size_t>(panel_bytes(Type, 32, static_cast<int>(cols))));
  std::vector<std::byte> table(static_cast<std::size_t>(row_bytes(Type, static_cast<int>(cols)) * 20));
  command::put_panel_row(Type, panels.data(), shape, 19, row);
  command::put_table_row(Type, table.data(), 19, row);
  for (std::size_t k = 0; k < cols; ++k) {
    CAPTURE(name_of(Type), k, row[k]);
    float const in_panel = panel_value<Type>(reinterpret_cast<stored<Type> const*>(panels.data()), shape, 19,
                                             static_cast<std::int64_t>(k));
    CHECK(in_panel == row_value<Type>(reinterpret_cast<stored_row<Type> const*>(table.data()), cols, 19, k));
  }
}

}  // namespace

TEST_CASE("rows are quantised to the bytes that gguf makes of them", "[quantise]") {
  for (auto const& one : golden()) {
    auto const row = one.at("values").get<std::vector<float>>();
    for (dtype const type : {dtype::q8_0, dtype::q4_0}) {
      std::vector<std::byte> table(static_cast<std::size_t>(row_bytes(type, static_cast<int>(row.size()))));
      command::put_table_row(type, table.data(), 0, row);
      CHECK(hex(table) == one.at(std::string(name_of(type))).get<std::string>());
    }
  }
}

TEST_CASE("a value is the same in a panel and in a row of a table", "[quantise]") {
  for (auto const& one : golden()) {
    auto row = one.at("values").get<std::vector<float>>();
    row.push_back(row.front());  // a last group of one
    check_same_in_panels<dtype::f32>(row);
    check_same_in_panels<dtype::f16>(row);
    check_same_in_panels<dtype::bf16>(row);
    check_same_in_panels<dtype::q8_0>(row);
    check_same_in_panels<dtype::q4_0>(row);
    check_same_in_panels<dtype::iq4_nl>(row);
  }
}

TEST_CASE("blocks of every type hold, bit for bit, what the gguf package reads in them", "[quantise]") {
  std::ifstream in(formats_test::fixtures().parent_path().parent_path() / "formats" / "block_types.json");
  std::size_t types = 0;
  for (auto const& one : nlohmann::json::parse(in)) {
    auto const name = one.at("type").get<std::string>();
    for (int i = 0; i < dtype_count; ++i) {
      auto const type = static_cast<dtype>(i);
      if (name_of(type) != name) continue;
      auto const blocks = bytes_of_hex(one.at("bytes").get<std::string>());
      std::vector<float> read(2 * static_cast<std::size_t>(group_of(type).values));
      REQUIRE(blocks.size() == static_cast<std::size_t>(bytes_of(type, std::ssize(read))));
      tensor_view const tensor{"t", type, {1, std::ssize(read)}, blocks};
      read_rows_f32(tensor, 0, 1, read);
      CAPTURE(name);
      CHECK(hex(std::as_bytes(std::span(read))) == one.at("values").get<std::string>());
      std::vector<float> some(7);  // columns in the middle of blocks
      read_columns_f32(tensor, 27, 7, some);
      CHECK(std::ranges::equal(some, std::span(read).subspan(27, 7)));
      ++types;
    }
  }
  CHECK(types == 23);
}

template <dtype Type>
void check_blocks_kept(std::vector<std::byte> const& blocks, std::size_t cols) {
  std::vector<std::byte> table(blocks.size()),
      panels(static_cast<std::size_t>(panel_bytes(Type, 16, static_cast<int>(cols))));
  command::put_stored_table_row(Type, table.data(), 0, Type, blocks);
  CHECK(table == blocks);
  matrix_shape const shape{16, static_cast<int>(cols)};
  command::put_stored_panel_row(Type, panels.data(), shape, 3, Type, blocks);
  for (std::size_t k = 0; k < cols; ++k)
    CHECK(panel_value<Type>(reinterpret_cast<stored<Type> const*>(panels.data()), shape, 3,
                            static_cast<std::int64_t>(k)) ==
          row_value<Type>(reinterpret_cast<stored_row<Type> const*>(blocks.data()), cols, 0, k));
}

// Blocks that no rounding of ours would make: their largest value is far from the end of the range.
TEST_CASE("a file's own blocks are packed as they are", "[quantise]") {
  std::vector<std::byte> blocks(2 * 34);
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = std::byte(i * 37 % 120);
  check_blocks_kept<dtype::q8_0>(blocks, 64);
  blocks.resize(2 * 18);
  check_blocks_kept<dtype::q4_0>(blocks, 64);
  check_blocks_kept<dtype::iq4_nl>(blocks, 64);
}

template <dtype Type>
void check_exact(dtype stored_type, std::span<std::byte const> blocks, std::string const& wanted) {
  auto const cols = 2 * static_cast<std::size_t>(group_of(stored_type).values);
  matrix_shape const shape{16, static_cast<int>(cols)};
  std::vector<std::byte> table(static_cast<std::size_t>(row_bytes(Type, shape.cols)) * 2);
  std::vector<std::byte> panels(static_cast<std::size_t>(panel_bytes(Type, 16, shape.cols)));
  command::put_stored_table_row(Type, table.data(), 1, stored_type, blocks);
  command::put_stored_panel_row(Type, panels.data(), shape, 3, stored_type, blocks);
  std::vector<float> from_table, from_panels;
  for (std::int64_t k = 0; k < std::int64_t{shape.cols}; ++k) {
    from_table.push_back(command::get_table_value(Type, table.data(), shape.cols, 1, k));
    from_panels.push_back(command::get_panel_value(Type, panels.data(), shape, 3, k));
  }
  CHECK(hex(std::as_bytes(std::span(from_table))) == wanted);
  CHECK(hex(std::as_bytes(std::span(from_panels))) == wanted);
}

TEST_CASE("what every type of block holds is packed without a bit of loss", "[quantise]") {
  std::ifstream in(formats_test::fixtures().parent_path().parent_path() / "formats" / "block_types.json");
  for (auto const& one : nlohmann::json::parse(in)) {
    dtype type = dtype::f32;
    for (int i = 0; i < dtype_count; ++i)
      if (name_of(static_cast<dtype>(i)) == one.at("type").get<std::string>()) type = static_cast<dtype>(i);
    CAPTURE(name_of(type));
    auto const blocks = bytes_of_hex(one.at("bytes").get<std::string>());
    auto const wanted = one.at("values").get<std::string>();
    check_exact<dtype::q8_f>(type, blocks, wanted);
    switch (command::packed_as(type)) {
      case dtype::q8_0: check_exact<dtype::q8_0>(type, blocks, wanted); break;
      case dtype::q4_0: check_exact<dtype::q4_0>(type, blocks, wanted); break;
      case dtype::iq4_nl: check_exact<dtype::iq4_nl>(type, blocks, wanted); break;
      case dtype::q4_k: check_exact<dtype::q4_k>(type, blocks, wanted); break;
      case dtype::q5_k: check_exact<dtype::q5_k>(type, blocks, wanted); break;
      case dtype::q6_k: check_exact<dtype::q6_k>(type, blocks, wanted); break;
      default: CHECK(command::packed_as(type) == dtype::q8_f);
    }
  }
  CHECK(command::packed_as(dtype::q5_0) == dtype::q8_0);
  CHECK(command::packed_as(dtype::q3_k) == dtype::q6_k);
  CHECK(command::packed_as(dtype::iq4_xs) == dtype::q8_f);
}

double squared_error(dtype type, std::vector<float> const& row) {
  auto const rounded = command::quantise(type, row);
  float const scale = command::from_f16(rounded.scale);
  double sum = 0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    double const gap = row[k] - scale * static_cast<float>(rounded.values[k]);
    sum += gap * gap;
  }
  return sum;
}

TEST_CASE("uneven levels fit a bell of weights better than even ones", "[quantise]") {
  std::mt19937 random(5);
  std::normal_distribution<float> bell;
  double even = 0, uneven = 0;
  for (int i = 0; i < 200; ++i) {
    std::vector<float> row(block_columns);
    for (float& v : row) v = bell(random);
    even += squared_error(dtype::q4_0, row);
    uneven += squared_error(dtype::iq4_nl, row);
  }
  CHECK(uneven < 0.8 * even);
}

TEST_CASE("levels times a scale lose nothing", "[quantise]") {
  std::vector<float> row;
  for (int i = 0; i < block_columns; ++i) row.push_back(-0.25F * static_cast<float>(iq4_nl_levels[i * 7 % 16]));
  CHECK(squared_error(dtype::iq4_nl, row) == 0.0);
}

namespace {

// The numbers of make_k_quants.py.
std::vector<float> cubes(std::size_t count) {
  std::vector<float> out;
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < count; ++i) {
    state = (state * 1103515245U + 12345U) & 0x7FFFFFFFU;
    float const v = static_cast<float>(static_cast<int>(state >> 16) - 16384) / 16384.0F;
    std::size_t const block = i / super_columns % 8;
    out.push_back(block == 7 ? 0.0F : block == 5 ? std::abs(v * v * v) : v * v * v);
  }
  return out;
}

}  // namespace

// Their error is then no more than llama.cpp's.
TEST_CASE("q4_k, q5_k and q6_k made from floats are llama-quantize's, bit for bit") {
  std::ifstream in(formats_test::fixtures().parent_path().parent_path() / "formats" / "k_quants.json");
  auto const golden = nlohmann::json::parse(in);
  for (dtype const type : {dtype::q4_k, dtype::q5_k, dtype::q6_k}) {
    auto const bytes = bytes_of_hex(golden.at(name_of(type)).get<std::string>());
    auto const block_bytes = static_cast<std::size_t>(group_of(type).bytes);
    auto const values = cubes(bytes.size() / block_bytes * super_columns);
    for (std::size_t block = 0; block * block_bytes < bytes.size(); ++block) {
      CAPTURE(name_of(type), block);
      auto const ours = command::quantise_k(
          type, std::span<float const, super_columns>(values.data() + block * super_columns, super_columns));
      auto const theirs = command::stored_k_group(type, bytes.data() + block * block_bytes);
      CHECK(ours.scale == theirs.scale);
      CHECK(ours.least == theirs.least);
      CHECK(ours.factors == theirs.factors);
      CHECK(ours.offsets == theirs.offsets);
      if (ours.scale != 0) CHECK(ours.values == theirs.values);  // nothing else is said by a block of zeros
    }
  }
}

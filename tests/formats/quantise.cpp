#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "command/pack_row.hpp"
#include "constformer/checkpoint/packed_layout.hpp"
#include "constformer/core/dtype.hpp"
#include "constformer/layers/packed_value.hpp"
#include "support.hpp"

using namespace constformer;

namespace {

nlohmann::json golden() {
  std::ifstream in(formats_test::fixtures().parent_path().parent_path() / "formats" / "quantised.json");
  return nlohmann::json::parse(in);
}

std::string hex(std::vector<std::byte> const& bytes) {
  std::string out;
  for (std::byte const b : bytes) {
    out += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
    out += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15U];
  }
  return out;
}

template <dtype Type>
void check_same_in_panels(std::vector<float> const& row) {
  auto const cols = row.size();
  std::vector<std::byte> panels(static_cast<std::size_t>(panel_bytes(Type, 32, static_cast<int>(cols))));
  std::vector<std::byte> table(static_cast<std::size_t>(row_bytes(Type, static_cast<int>(cols)) * 20));
  command::put_panel_row(Type, panels.data(), 19, row);
  command::put_table_row(Type, table.data(), 19, row);
  for (std::size_t k = 0; k < cols; ++k) {
    CAPTURE(name_of(Type), k, row[k]);
    float const in_panel = panel_value<Type>(reinterpret_cast<stored<Type> const*>(panels.data()), cols, 19, k);
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
  }
}

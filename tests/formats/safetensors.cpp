#include "constformer/checkpoint/safetensors.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "constformer/checkpoint/mapped_file.hpp"
#include "constformer/checkpoint/tensor.hpp"
#include "constformer/core/dtype.hpp"
#include "support.hpp"

using namespace constformer;
using namespace formats_test;

namespace {

std::string refusal(std::string const& file) {
  return sentence_of([&] { static_cast<void>(read_safetensors(bytes_of(file), "F")); });
}

std::string one(std::string_view type, std::string_view shape, std::string_view offsets, std::size_t data) {
  std::string const header = "{\"t\":{\"dtype\":" + std::string(type) + ",\"shape\":" + std::string(shape) +
                             ",\"data_offsets\":" + std::string(offsets) + "}}";
  return safetensors(header, std::string(data, 'x'));
}

std::string two(std::string_view first, std::string_view second, std::size_t data) {
  auto const entry = [](std::string_view offsets) {
    return "{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + std::string(offsets) + "}";
  };
  return safetensors("{\"a\":" + entry(first) + ",\"b\":" + entry(second) + "}", std::string(data, 'x'));
}

}  // namespace

TEST_CASE("a safetensors file", "[safetensors]") {
  std::string const file = safetensors({{"z", "F32", "[2,2]", counting(4)},
                                        {"a", "BF16", "[3]", std::string(6, '\0')},
                                        {"none", "F16", "[0,7]", ""},
                                        {"ids", "I64", "[2]", std::string(16, '\0')},
                                        {"one", "F32", "[]", counting(1, 5)},
                                        {"nibbles", "F4", "[6]", "abc"}});
  auto const content = read_safetensors(bytes_of(file), "F");
  REQUIRE(content.tensors.size() == 4);
  CHECK(content.tensors[0].name == "a");
  CHECK(content.tensors[0].type == dtype::bf16);
  CHECK(content.tensors[1].name == "none");
  CHECK(content.tensors[1].bytes.empty());
  CHECK(content.tensors[2].shape.empty());
  CHECK(content.tensors[3].shape == std::vector<std::int64_t>{2, 2});
  std::vector<float> values(4);
  read_rows_f32(content.tensors[3], 0, 2, values);
  CHECK(values == std::vector<float>{0, 1, 2, 3});
  REQUIRE(content.unread.size() == 2);
  CHECK(content.unread[0].name == "ids");
  CHECK(content.unread[0].type == "I64");
  CHECK(content.unread[1].bytes == 3);
}

TEST_CASE("a safetensors file without tensors, with metadata and padding", "[safetensors]") {
  auto const content = read_safetensors(bytes_of(safetensors("{\"__metadata__\":{\"format\":\"pt\"}}   ", "")), "F");
  CHECK(content.tensors.empty());
  CHECK(read_safetensors(bytes_of(safetensors("{}", "")), "F").unread.empty());
  CHECK(read_safetensors(bytes_of(safetensors("{\"__metadata__\":null}", "")), "F").tensors.empty());
}

TEST_CASE("damaged safetensors files are refused with one sentence", "[safetensors]") {
  struct {
    std::string file;
    std::string sentence;
  } const cases[]{
      {"", "F: has 0 bytes, a safetensors file has at least 8"},
      {"1234567", "F: has 7 bytes, a safetensors file has at least 8"},
      {raw(std::uint64_t{3}) + "{}", "F: says its safetensors header has 3 bytes, only 2 follow"},
      {raw(std::uint64_t{99999999}) + "{}", "F: says its safetensors header has 99999999 bytes, only 2 follow"},
      {raw(~std::uint64_t{0}) + "{}",
       "F: says its safetensors header has 18446744073709551615 bytes, at most 100000000 are allowed"},
      {raw(std::uint64_t{0}), "F: its safetensors header does not begin with {"},
      {safetensors("[]", ""), "F: its safetensors header does not begin with {"},
      {safetensors(" {}", ""), "F: its safetensors header does not begin with {"},
      {safetensors("{\"a\":}", ""), "F: safetensors header: not JSON at line 1, column 6"},
      {safetensors("{} x", ""), "F: safetensors header: not JSON at line 1, column 4"},
      {safetensors("{\"\xff\":1}", ""), "F: safetensors header: not JSON at line 1, column 3"},
      {safetensors(std::string_view("{}\0x", 4), ""), "F: safetensors header: not JSON at line 1, column 3"},
      {safetensors("{\"a\":1e999}", ""), "F: safetensors header: holds a number that is out of range"},
      {safetensors("{\"__metadata__\":{\"a\":1}}", ""), "F: __metadata__ is not an object of strings"},
      {safetensors("{\"t\":7}", ""), "F: t: 7 is not a tensor's description"},
      {safetensors("{\"t\":{}}", ""), "F: t: field \"dtype\" is missing"},
      {one("7", "[1]", "[0,4]", 4), "F: t: field \"dtype\" is 7, it must be a string"},
      {one("\"F99\"", "[1]", "[0,4]", 4), "F: t: field \"dtype\" is \"F99\", safetensors has no such type"},
      {one("\"F32\"", "4", "[0,4]", 4), "F: t: field \"shape\" is 4, it must be a list of extents"},
      {one("\"F32\"", "[1.0]", "[0,4]", 4),
       "F: t: field \"shape\" is [1.0], each extent must be a whole number below 2^63"},
      {one("\"F32\"", "[-1]", "[0,4]", 4),
       "F: t: field \"shape\" is [-1], each extent must be a whole number below 2^63"},
      {one("\"F32\"", "[18446744073709551615]", "[0,4]", 4),
       "F: t: field \"shape\" is [18446744073709551615], each extent must be a whole number below 2^63"},
      {one("\"F32\"", "[4294967296,4294967296]", "[0,4]", 4),
       "F: t: field \"shape\" is [4294967296,4294967296], its product does not fit in 64 bits"},
      {one("\"F32\"", "[2305843009213693952]", "[0,4]", 4),
       "F: t: field \"shape\" is [2305843009213693952], its bytes do not fit in 64 bits"},
      {one("\"F4\"", "[3]", "[0,2]", 2), "F: t: field \"shape\" is [3], it ends within a byte"},
      {one("\"F32\"", "[1]", "[0]", 4), "F: t: field \"data_offsets\" is [0], it must be two whole numbers"},
      {one("\"F32\"", "[1]", "[0,-4]", 4), "F: t: field \"data_offsets\" is [0,-4], it must be two whole numbers"},
      {one("\"F32\"", "[1]", "[4,0]", 4), "F: t: field \"data_offsets\" is [4,0], the end lies before the beginning"},
      {one("\"F32\"", "[2]", "[0,8]", 4), "F: t: field \"data_offsets\" is [0,8], the data has 4 bytes"},
      {one("\"F32\"", "[1]", "[18446744073709551612,18446744073709551615]", 4),
       "F: t: field \"data_offsets\" is [18446744073709551612,18446744073709551615], the data has 4 bytes"},
      {one("\"F32\"", "[2]", "[0,4]", 4), "F: t: F32[2] takes 8 bytes, data_offsets give it 4"},
      {one("\"F32\"", "[1]", "[0,4]", 5), "F: its tensors end at byte 4 of the data, which has 5 bytes"},
      {one("\"F32\"", "[1]", "[1,5]", 5),
       "F: t: begins at byte 1 of the data, the tensor before leaves a gap and ends at byte 0"},
      {two("[0,4]", "[2,6]", 6),
       "F: b: begins at byte 2 of the data, the tensor before overlaps it and ends at byte 4"},
      {two("[0,4]", "[0,4]", 4),
       "F: b: begins at byte 0 of the data, the tensor before overlaps it and ends at byte 4"},
      {two("[6,10]", "[0,4]", 10),
       "F: a: begins at byte 6 of the data, the tensor before leaves a gap and ends at byte 4"},
      {safetensors(
           "{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"t\":{\"dtype\":\"U8\",\"shape\":[1],"
           "\"data_offsets\":[1,2]}}",
           "ab"),
       "F: safetensors header: the name \"t\" is given twice"},
      {safetensors("{\"t\":{\"dtype\":\"U8\",\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}}", "a"),
       "F: safetensors header: the name \"dtype\" is given twice"},
  };
  for (auto const& c : cases) CHECK(refusal(c.file) == c.sentence);
}

TEST_CASE("a safetensors file cut anywhere is refused", "[safetensors]") {
  std::string const file = safetensors({{"a", "F32", "[2,2]", counting(4)}, {"b", "I64", "[1]", std::string(8, 'x')}});
  REQUIRE(refusal(file) == "no error");
  for (std::size_t size = 0; size < file.size(); ++size) CHECK(refusal(file.substr(0, size)) != "no error");
  CHECK(refusal(file + "x") != "no error");
}

TEST_CASE("real safetensors files", "[safetensors][shared]") {
  CF_NEED_SHARED();
  struct {
    char const* file;
    std::size_t tensors;
    char const* name;
    std::vector<std::int64_t> shape;
  } const cases[]{
      {"stories260K/derived/model.safetensors", 47, "model.layers.4.self_attn.k_proj.weight", {32, 64}},
      {"tiny-gpt2-ort/derived/model.safetensors", 64, "transformer.h.0.mlp.c_fc.weight", {32, 128}},
      {"makemore-induction-gpt2/derived/model.safetensors", 31, "transformer.h.1.attn.bias", {1, 1, 32, 32}},
      {"aren-transliteration/derived/model.safetensors", 200, "decoder.layer_0.attention.linear_1.weight", {64, 32}},
      {"tiny-t5-ort/model.safetensors",
       47,
       "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
       {32, 2}},
  };
  for (auto const& c : cases) {
    INFO(c.file);
    mapped_file const file(shared_data() / c.file);
    auto const content = read_safetensors(file.bytes(), c.file);
    CHECK(content.tensors.size() == c.tensors);
    auto const found =
        std::find_if(content.tensors.begin(), content.tensors.end(), [&](auto const& t) { return t.name == c.name; });
    REQUIRE(found != content.tensors.end());
    CHECK(found->shape == c.shape);
  }
}

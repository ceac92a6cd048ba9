#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <span>
#include <string>

#include "constformer/core/error.hpp"
#include "packed_json.hpp"

using namespace constformer;
using Catch::Matchers::Message;

namespace {

std::span<std::byte const> bytes(std::string const& text) { return std::as_bytes(std::span(text)); }

void metadata(std::string const& text) { static_cast<void>(packed::read_metadata(bytes(text), "m")); }
void tensors(std::string const& text) { static_cast<void>(packed::read_tensors(bytes(text), "m")); }

std::string with_stops(std::string const& stops) {
  return R"({"name":"","family":"","source":"","max_sequence":0,"embedding":{"steps":[],"dimensions":0,"cut_left":false,"prompts":[]},"labels":["a"],"several_labels":true,"chat":["chatml"],"stop_ids":)" +
         stops + "}";
}

}  // namespace

TEST_CASE("metadata that is no such JSON is refused by field") {
  CHECK_NOTHROW(metadata(with_stops("[1]")));
  CHECK_THROWS_MATCHES(metadata(""), error, Message("m: section metadata: is not JSON"));
  CHECK_THROWS_MATCHES(metadata("[]"), error, Message("m: section metadata: is not a JSON object"));
  CHECK_THROWS_MATCHES(metadata("{}"), error, Message("m: section metadata: field name is missing"));
  CHECK_THROWS_MATCHES(metadata(R"({"name":3})"), error, Message("m: section metadata: field name is not a string"));
  CHECK_THROWS_MATCHES(metadata(with_stops("3")), error,
                       Message("m: section metadata: field stop_ids is not an array"));
  for (char const* stops : {"[-1]", "[1.5]", "[\"1\"]", "[2147483648]", "[1e3]", "[null]"})
    CHECK_THROWS_MATCHES(metadata(with_stops(stops)), error,
                         Message("m: section metadata: field stop_ids is not a whole number from 0 to 2147483647"));
}

TEST_CASE("tensors that are no such JSON are refused by item and field") {
  CHECK_THROWS_MATCHES(tensors("{}"), error, Message("m: section tensors: is not a JSON array"));
  CHECK_THROWS_MATCHES(tensors("[3]"), error, Message("m: section tensors: item 0: is not a JSON object"));
  CHECK_THROWS_MATCHES(
      tensors(R"([{"name":"a","type":"f32","shape":[2,-2],"offset":0}])"), error,
      Message("m: section tensors: item 0: field shape is not a whole number from 0 to 9223372036854775807"));
  CHECK_THROWS_MATCHES(
      tensors(R"([{"name":"a","type":"f32","shape":[99999999999999999999],"offset":0}])"), error,
      Message("m: section tensors: item 0: field shape is not a whole number from 0 to 9223372036854775807"));
}

TEST_CASE("names that are no UTF-8 are written with U+FFFD") {
  auto const text =
      packed::write_metadata({.name = "a\xFF", .family = "", .source = "", .stop_ids = {}, .max_sequence = 0});
  CHECK(packed::read_metadata(bytes(text), "m").name == "a\xEF\xBF\xBD");
}

TEST_CASE("what is said of embeddings comes back") {
  embedding_recipe const recipe{
      .steps = {{.kind = embedding_step_kind::dense,
                 .of_tokens = true,
                 .inputs = 8,
                 .outputs = 4,
                 .activation = dense_activation::selu,
                 .bias = true,
                 .residual = true,
                 .offset = 64},
                {.poolings = {pooling_kind::mean, pooling_kind::weighted_mean}, .include_prompt = false},
                {.kind = embedding_step_kind::layer_norm, .inputs = 8, .offset = 4},
                {.kind = embedding_step_kind::normalize, .of_tokens = true}},
      .dimensions = 3,
      .cut_left = true,
      .prompts = {{"query", "find: "}, {"none", ""}},
      .default_prompt = "query"};
  packed_metadata const written{
      .name = "", .family = "", .source = "", .stop_ids = {}, .max_sequence = 0, .embedding = recipe};
  auto const read = packed::read_metadata(bytes(packed::write_metadata(written)), "m").embedding;
  REQUIRE(read.steps.size() == 4);
  auto const& dense = read.steps[0];
  CHECK(dense.of_tokens);
  CHECK(dense.inputs == 8);
  CHECK(dense.outputs == 4);
  CHECK(dense.activation == dense_activation::selu);
  CHECK(dense.bias);
  CHECK(dense.residual);
  CHECK(dense.offset == 64);
  CHECK(read.steps[1].poolings == recipe.steps[1].poolings);
  CHECK_FALSE(read.steps[1].include_prompt);
  CHECK(read.steps[2].inputs == 8);
  CHECK(read.steps[2].offset == 4);
  CHECK(read.steps[3].kind == embedding_step_kind::normalize);
  CHECK(read.steps[3].of_tokens);
  CHECK(read.dimensions == 3);
  CHECK(read.cut_left);
  REQUIRE(read.prompts.size() == 2);
  CHECK(read.prompts[0].text == "find: ");
  CHECK(read.default_prompt == "query");
}

TEST_CASE("steps that are not known are refused") {
  auto const with = [](std::string const& step) {
    std::string text = with_stops("[]");
    return text.replace(text.find("\"steps\":[]"), 10, "\"steps\":[" + step + "]");
  };
  CHECK_THROWS_MATCHES(metadata(with(R"({"kind":"wash"})")), error,
                       Message("m: section metadata: field embedding: field steps: item 0: \"wash\" is not known"));
  CHECK_THROWS_MATCHES(metadata(with(R"({"kind":"layer_norm","inputs":-1})")), error,
                       Message("m: section metadata: field embedding: field steps: item 0: field inputs is not a whole "
                               "number from 0 to 2147483647"));
}

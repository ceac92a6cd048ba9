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
  return R"({"name":"","family":"","source":"","max_sequence":0,"pooling":"","normalize":false,"labels":["a"],"several_labels":true,"chat":["chatml"],"stop_ids":)" +
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

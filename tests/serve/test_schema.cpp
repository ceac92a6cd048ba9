#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "serve/api_error.hpp"
#include "serve/byte_automaton.hpp"
#include "serve/json.hpp"
#include "serve/json_schema.hpp"

using namespace constformer::serve;

namespace {

bool matches(text_grammar const& grammar, std::string_view text) {
  byte_automaton const automaton(grammar);
  auto at = automaton.start();
  for (char const byte : text) at = automaton.next(at, static_cast<unsigned char>(byte));
  return byte_automaton::may_end(at);
}

bool matches(std::string_view schema, std::string_view text) {
  return matches(grammar_of_schema(parse_json(schema), "response_format"), text);
}

bool refused(std::string_view schema) {
  try {
    static_cast<void>(grammar_of_schema(parse_json(schema), "response_format"));
    return false;
  } catch (api_error const& problem) {
    return problem.status == 400 && problem.param == "response_format";
  }
}

// Some text that a grammar allows, chosen byte by byte.
std::string some_text(text_grammar const& grammar, std::mt19937& random) {
  byte_automaton const automaton(grammar);
  auto at = automaton.start();
  std::string out;
  while (!byte_automaton::must_end(at)) {
    if (byte_automaton::may_end(at) && random() % 3 == 0) break;
    // Ends are likelier than beginnings, or it would go on for ever.
    static std::string const likely = "}]\"\"\"0,:";
    unsigned char byte = static_cast<unsigned char>(
        out.size() > 40 || random() % 3 == 0 ? likely[random() % likely.size()] : random() % 256);
    auto next = automaton.next(at, byte);
    for (unsigned k = 0; next.empty() && k < 256; ++k)
      next = automaton.next(at, byte = static_cast<unsigned char>(byte + 1));
    REQUIRE_FALSE(next.empty());
    out += static_cast<char>(byte);
    at = std::move(next);
    REQUIRE(out.size() < 100'000);
  }
  return out;
}

}  // namespace

TEST_CASE("schemas allow their values and nothing else") {
  constexpr char const* person =
      R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"},"tags":{"type":"array","items":{"enum":["a","b"]},"minItems":1,"maxItems":2}},"required":["name","tags"],"additionalProperties":false})";
  for (char const* good : {R"({"name":"x","age":-7,"tags":["a"]})", R"({ "name": "\u00e9é", "tags" : ["b", "a"] })"}) {
    INFO(good);
    CHECK(matches(person, good));
  }
  for (char const* bad :
       {R"({"name":"x","age":7})", R"({"tags":["a"],"name":"x"})", R"({"name":"x","tags":[]})",
        R"({"name":"x","tags":["a","b","a"]})", R"({"name":"x","tags":["c"]})", R"({"name":5,"tags":["a"]})",
        R"({"name":"x","age":1.5,"tags":["a"]})", R"({"name":"x","tags":["a"],"more":1})",
        R"({"name":"x","tags":["a"]}})", R"({"name":"x","tags":["a"])", R"({"name":"x",,"tags":["a"]})",
        "{\"name\":\"\xff\",\"tags\":[\"a\"]}", "{\"name\":\"\n\",\"tags\":[\"a\"]}", ""}) {
    INFO(bad);
    CHECK_FALSE(matches(person, bad));
  }
  CHECK(matches(R"({"anyOf":[{"type":"null"},{"type":"number"}]})", "-1.5e7"));
  CHECK_FALSE(matches(R"({"anyOf":[{"type":"null"},{"type":"number"}]})", "01"));
  CHECK(matches(R"({"type":["string","null"]})", "null"));
  CHECK(matches(R"({"const":{"a":[1]}})", R"({"a":[1]})"));
  CHECK(matches(R"({"type":"object","additionalProperties":{"type":"boolean"}})", R"({"x":true,"y":false})"));
  CHECK_FALSE(matches(R"({"type":"object","additionalProperties":{"type":"boolean"}})", R"({"x":1})"));
  CHECK(matches(R"({"type":"object","additionalProperties":false})", "{}"));
  CHECK_FALSE(matches(R"({"type":"object","properties":{}, "additionalProperties":false})", R"({"a":1})"));
  CHECK(matches(grammar_of_choices({"yes", "yesterday"}), "yes"));
  CHECK(matches(grammar_of_choices({"yes", "yesterday"}), "yesterday"));
  CHECK_FALSE(matches(grammar_of_choices({"yes", "yesterday"}), "yester"));
}

TEST_CASE("definitions may refer to themselves") {
  constexpr char const* tree =
      R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["v","next"]}}})";
  CHECK(matches(tree, R"({"v":1,"next":{"v":2,"next":null}})"));
  CHECK_FALSE(matches(tree, R"({"v":1,"next":{"v":2}})"));
  CHECK(refused(R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}})"));
  CHECK(refused(R"({"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}}})"));
  CHECK(refused(R"({"$ref":"#/$defs/b"})"));
  CHECK(refused(R"({"$ref":"http://example.org/x"})"));
}

TEST_CASE("what is not supported is refused by name") {
  for (char const* schema : {R"({"type":"string","pattern":"^*"})",
                             R"({"type":"string","format":"date"})",
                             R"({"type":"integer","minimum":1})",
                             R"({"type":"string","minLength":1})",
                             R"({"not":{}})",
                             R"({"type":"nonsense"})",
                             R"({"type":5})",
                             R"({"type":[]})",
                             R"({"enum":[]})",
                             R"({"anyOf":[]})",
                             R"({"type":"object","properties":5})",
                             R"({"type":"object","required":["a"]})",
                             R"({"type":"object","patternProperties":{}})",
                             R"({"type":"array","minItems":2,"maxItems":1})",
                             R"({"type":"array","minItems":-1})",
                             R"({"type":"array","prefixItems":[]})",
                             R"({"allOf":[{},{}]})",
                             "5",
                             "[]",
                             "false"}) {
    INFO(schema);
    CHECK(refused(schema));
  }
  CHECK_FALSE(refused("true"));
  CHECK_FALSE(refused(R"({"title":"T","description":"d","type":"string","default":"x"})"));
}

TEST_CASE("alternatives of alternatives do not multiply") {
  std::string schema = R"({"type":"integer"})";
  for (int i = 0; i < 25; ++i) schema = R"({"anyOf":[)" + schema + R"(,{"type":"null"}]})";
  CHECK(matches(schema, "5"));
  std::string chain = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 40; ++i) {
    auto const next = "{\"$ref\":\"#/$defs/d" + std::to_string(i + 1) + "\"}";
    chain += "\"d" + std::to_string(i) + "\":{\"anyOf\":[" + next + "," + next + "]},";
  }
  chain += R"("d40":{"type":"integer"}}})";
  CHECK(matches(chain, "12"));
}

TEST_CASE("any text that a grammar allows is JSON") {
  std::mt19937 random(3);
  auto const any = grammar_of_any_object();
  for (int i = 0; i < 300; ++i) {
    auto const text = some_text(any, random);
    INFO(text);
    CHECK(nlohmann::json::accept(text));
    CHECK(text.front() == '{');
  }
  auto const person = grammar_of_schema(
      parse_json(
          R"({"type":"object","properties":{"a":{"type":"number"},"b":{"type":"array","items":{"type":"string"}},"c":{"type":"object","properties":{"d":{"type":"boolean"}}}},"required":["b"]})"),
      "x");
  for (int i = 0; i < 300; ++i) {
    auto const text = some_text(person, random);
    INFO(text);
    auto const read = nlohmann::json::parse(text);
    CHECK(read.at("b").is_array());
    if (read.contains("a")) CHECK(read.at("a").is_number());
    if (read.contains("c") && read["c"].contains("d")) CHECK(read["c"]["d"].is_boolean());
  }
}

TEST_CASE("depth is bounded") {
  auto const any = grammar_of_any_object();
  CHECK(matches(any, R"({"a":[[[[]]]]})"));
  CHECK_FALSE(matches(any, "{\"a\":" + std::string(70, '[') + std::string(70, ']') + "}"));
}

#include "serve/json.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "serve/api_error.hpp"
#include "serve/fields.hpp"
#include "serve/json_writer.hpp"

using namespace constformer::serve;

namespace {

bool accepts(std::string_view text) {
  try {
    static_cast<void>(parse_json(text));
    return true;
  } catch (json_error const&) {
    return false;
  }
}

std::string written(std::string_view text) {
  json_writer w;
  w.value(parse_json(text));
  return w.take();
}

std::string param_of(auto const& read) {
  try {
    read();
  } catch (api_error const& problem) {
    CHECK(problem.status == 400);
    return problem.param;
  }
  return "none";
}

}  // namespace

TEST_CASE("JSON is read as nlohmann's library reads it, where that is strict") {
  std::vector<std::string> const texts{R"({"a":1,"b":[true,false,null,"x"],"c":{"d":-0.5e3}})",
                                       R"("\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t")",
                                       "[]",
                                       "{}",
                                       " 1 ",
                                       "-0",
                                       "0.0",
                                       "1e5",
                                       "1E-5",
                                       "9223372036854775807",
                                       "9223372036854775808",
                                       "1e308",
                                       "1e400",
                                       "01",
                                       "1.",
                                       ".5",
                                       "+1",
                                       "-",
                                       "1e",
                                       "tru",
                                       "nul",
                                       "[1,]",
                                       "[,1]",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "{a:1}",
                                       "{\"a\":1,}",
                                       "\"\x01\"",
                                       "\"\\x\"",
                                       "\"\\u12\"",
                                       "\"\\ud800\"",
                                       "\"\\udc00\\ud800\"",
                                       "\"abc",
                                       "[1",
                                       "{\"a\":1",
                                       "1 2",
                                       "",
                                       " ",
                                       "\"\xff\"",
                                       "\"\xc3\xa9\"",
                                       "\"\xed\xa0\x80\"",
                                       "\"\xf4\x90\x80\x80\"",
                                       "NaN",
                                       "Infinity",
                                       "[\"\\u0000\"]"};
  for (auto const& text : texts) {
    INFO(text);
    bool good = nlohmann::json::accept(text);
    if (text == "1e400") good = false;
    CHECK(accepts(text) == good);
    if (good && accepts(text)) CHECK(nlohmann::json::parse(written(text)) == nlohmann::json::parse(text));
  }
}

TEST_CASE("JSON that was changed at random is refused or read as nlohmann's library does") {
  std::string const seed = R"({"prompt":["a\u00e9",[1,2,-3.5e2]],"stop":null,"n":12,"b":{"1":true}})";
  std::mt19937 random(5);
  std::string const bytes = "{}[]\",:\\u0e+-.truefalsn 19\x80\xc3\n";
  int read = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string text = seed;
    for (int k = static_cast<int>(random() % 3); k >= 0; --k) {
      auto const at = random() % text.size();
      if (random() % 2 == 0)
        text[at] = bytes[random() % bytes.size()];
      else
        text.erase(at, 1 + random() % 3);
      if (text.empty()) text = " ";
    }
    bool const ours = accepts(text), theirs = nlohmann::json::accept(text);
    read += static_cast<int>(ours);
    if (ours) {
      INFO(text);
      REQUIRE(theirs);
      REQUIRE(nlohmann::json::parse(written(text)) == nlohmann::json::parse(text));
    } else if (theirs) {  // names that occur twice are the one thing that it lets pass
      INFO(text);
      std::string why;
      try {
        static_cast<void>(parse_json(text));
      } catch (json_error const& problem) {
        why = problem.what();
      }
      REQUIRE(why.find("twice") != std::string::npos);
    }
  }
  CHECK(read > 100);
}

TEST_CASE("JSON is at most 64 deep, and has no name twice") {
  CHECK(accepts(std::string(64, '[') + std::string(64, ']')));
  CHECK_FALSE(accepts(std::string(65, '[') + std::string(65, ']')));
  CHECK_FALSE(accepts(std::string(1'000'000, '[')));
  CHECK_FALSE(accepts(R"({"a":1,"a":2})"));
  CHECK_FALSE(accepts("\xef\xbb\xbf{}"));
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += "\"" + std::to_string(i) + "\":1,";
  CHECK(accepts(many + "\"x\":1}"));
  CHECK_FALSE(accepts(many + "\"7\":1}"));
}

TEST_CASE("what is written is JSON whatever the text is") {
  json_writer w;
  w.begin_object().member("a\"", std::string("\0\x1f\xff\xc3", 4)).member("b", 1.5F).member("c", -1.0 / 0.0);
  w.key("d").begin_array().value(true).null().value(7).end_array().end_object();
  auto const read = nlohmann::json::parse(w.text());
  CHECK(read.at("a\"") == std::string("\0\x1f\xef\xbf\xbd\xef\xbf\xbd", 8));
  CHECK(read.at("b") == 1.5);
  CHECK(read.at("c") == -9999.0);
  CHECK(read.at("d") == nlohmann::json::parse("[true,null,7]"));
}

TEST_CASE("fields are read within their bounds or refused by name") {
  auto const body = parse_json(
      R"({"i":4294967297,"r":1.9,"whole":16.0,"s":"x","t":null,"b":1,"typical_p":1,"best_of":1,"odd":0.5,"huge":18446744073709551616})");
  field_reader fields(body);
  CHECK(param_of([&] { static_cast<void>(fields.integer("i", 0, 100)); }) == "i");
  CHECK(param_of([&] { static_cast<void>(fields.integer("r", 0, 100)); }) == "r");
  CHECK(param_of([&] { static_cast<void>(fields.integer("huge", 0, INT64_MAX)); }) == "huge");
  CHECK(param_of([&] { static_cast<void>(fields.integer("s", 0, 100)); }) == "s");
  CHECK(param_of([&] { static_cast<void>(fields.boolean("b")); }) == "b");
  CHECK(param_of([&] { static_cast<void>(fields.need("nothing")); }) == "nothing");
  CHECK(fields.integer("whole", 0, 100) == 16);
  CHECK(fields.text("s") == "x");
  CHECK_FALSE(fields.integer("t", 0, 1));
  CHECK(param_of([&] { fields.refuse_rest(); }) == "odd");  // typical_p 1 and best_of 1 ask for nothing
  fields.ignore("odd");
  CHECK(param_of([&] { fields.refuse_rest(); }) == "none");
}

TEST_CASE("an error is written in OpenAI's form, and short") {
  auto const body = nlohmann::json::parse(error_body(bad_request(std::string(5000, 'x'), "n", "c")));
  CHECK(body.at("error").at("message").get<std::string>().size() == 1000);
  CHECK(body.at("error").at("param") == "n");
  CHECK(body.at("error").at("code") == "c");
  CHECK(body.at("error").at("type") == "invalid_request_error");
}

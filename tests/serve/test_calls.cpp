// Calls of functions in texts as models write them, whole and broken, however the text is cut; and the grammar of them.
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "serve/api_error.hpp"
#include "serve/byte_automaton.hpp"
#include "serve/call_reader.hpp"
#include "serve/call_style.hpp"
#include "serve/json.hpp"
#include "serve/json_schema.hpp"

using namespace constformer::serve;

namespace {

// What came of a text, in one line: content, then |name|arguments of each call.
struct told {
  std::string content;
  std::vector<std::string> calls;

  bool operator==(told const&) const = default;
};

void put_together(told& out, std::vector<call_news>& news) {
  for (auto const& n : news) {
    if (n.what == call_news::kind::content) {
      out.content += n.text;
    } else if (n.what == call_news::kind::call) {
      REQUIRE(n.call == static_cast<int>(out.calls.size()));
      out.calls.push_back(n.text + " ");
    } else {
      REQUIRE(n.call + 1 == static_cast<int>(out.calls.size()));
      out.calls.back() += n.text;
    }
  }
  news.clear();
}

// In pieces of `size` bytes.
told read(expected_calls const& expected, std::string_view text, std::size_t size) {
  call_reader reader(expected);
  told out;
  std::vector<call_news> news;
  for (std::size_t at = 0; at < text.size(); at += size) {
    reader.push(text.substr(at, size), news);
    put_together(out, news);
  }
  reader.finish(news);
  put_together(out, news);
  CHECK(reader.calls() == static_cast<int>(out.calls.size()));
  return out;
}

told read(call_style style, std::string_view text, int most = 100, std::string begun = {}) {
  expected_calls const expected{
      .style = style,
      .names = {"get_weather", "add", "now"},
      .most = most,
      .typed = {{"add", "a", value_kind::json}, {"get_weather", "unit", value_kind::text_or_null}},
      .begun = std::move(begun)};
  auto const whole = read(expected, text, text.size() + 1);
  for (std::size_t size = 1; size < 12; ++size) {
    CAPTURE(text, size);
    CHECK(read(expected, text, size) == whole);
  }
  return whole;
}

told call(std::string one) { return {{}, {std::move(one)}}; }

std::string const paris = R"(get_weather {"city": "Paris"})";

bool matches(text_grammar const& grammar, std::string_view text) {
  byte_automaton const automaton(grammar);
  auto at = automaton.start();
  for (char const byte : text) at = automaton.next(at, static_cast<unsigned char>(byte));
  return byte_automaton::may_end(at);
}

text_grammar grammar(call_style style, bool several) {
  static json_value const city =
      parse_json(R"({"type": "object", "properties": {"city": {"$ref": "#/$defs/name"}}, "required": ["city"],
                     "additionalProperties": false, "$defs": {"name": {"type": "string"}}})");
  static json_value const sum = parse_json(
      R"({"type": "object", "properties": {"a": {"$ref": "#/$defs/name"}}, "required": ["a"], "$defs": {"name": {"type": "integer"}}})");
  return grammar_of_calls({{"get_weather", &city}, {"add", &sum}, {"now", nullptr}}, style,
                          several ? call_extent::several : call_extent::one, "tools");
}

}  // namespace

TEST_CASE("calls in tags, as Hermes and Qwen write them") {
  auto const style = call_style::tagged;
  CHECK(read(style, "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>") ==
        call(paris));
  CHECK(read(style,
             "I look.\n\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>\n"
             "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": [2, {\"c\": \"}\"}]}}\n</tool_call>") ==
        told{"I look.", {paris, R"(add {"a": 1, "b": [2, {"c": "}"}]})"}});
  // Hermes 2 Pro puts the arguments first.
  CHECK(read(style, "<tool_call>\n{\"arguments\": {\"city\": \"Paris\"}, \"name\": \"get_weather\"}\n</tool_call>") ==
        call(R"(get_weather {"city":"Paris"})"));
  CHECK(read(style, "<tool_call>{\"name\":\"get_weather\",\"arguments\":{\"city\": \"</tool_call>\"}}</tool_call>") ==
        call(R"(get_weather {"city": "</tool_call>"})"));
  CHECK(read(style, "<tool_call>{\"name\": \"now\"}</tool_call>") == call("now {}"));
  CHECK(read(style, "<tool_call>{\"name\": \"now\", \"arguments\": null}</tool_call>") == call("now {}"));
  CHECK(read(style, R"(<tool_call>{"name": "add", "arguments": "{\"a\": 1}"}</tool_call>)") == call(R"(add {"a": 1})"));
  CHECK(read(style,
             R"(<tool_call>{"type": "function", "function": {"name": "add", "arguments": {"a": 1}}}</tool_call>)") ==
        call(R"(add {"a":1})"));
  // A function that nobody named is a call all the same: the client tells the model.
  CHECK(read(style, "<tool_call>{\"name\": \"other\", \"arguments\": {}}</tool_call>") == call("other {}"));
  CHECK(read(style, "{\"name\": \"get_weather\", \"arguments\": {}}") ==
        told{"{\"name\": \"get_weather\", \"arguments\": {}}", {}});
}

TEST_CASE("broken calls in tags") {
  auto const style = call_style::tagged;
  CHECK(read(style, "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}") ==
        call(paris));  // no end
  CHECK(read(style, "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}\n</tool_call>") ==
        call(paris));
  CHECK(read(style, "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Par") ==
        call(R"(get_weather {"city": "Par)"));  // max_tokens
  CHECK(read(style,
             "<tool_call>{\"name\": \"add\", \"arguments\": {}}<tool_call>{\"name\": \"add\", \"arguments\": "
             "{}}</tool_call>") == told{{}, {"add {}", "add {}"}});
  for (std::string_view const text :
       {"<tool_call>", "<tool_call>\nadd(1, 2)\n</tool_call>", "a <tool_cal", "<tool_call>\n{\"name\": \"get_weath",
        "<tool_call>\n{'name': 'add', 'arguments': {}}\n</tool_call>",
        "<tool_call>{\"arguments\": {\"a\": 1}}</tool_call>",
        "<tool_call>{\"name\": \"add\", \"arguments\": [1, 2]}</tool_call> and more", "</tool_call>", " \n ", ""})
    CHECK(read(style, text) == told{std::string(text), {}});
}

TEST_CASE("calls that are the whole text, as Llama 3.1 writes them") {
  auto const style = call_style::bare;
  CHECK(read(style, R"({"name": "get_weather", "parameters": {"city": "Paris"}})") == call(paris));
  CHECK(read(style,
             "\n\n"
             R"({"type": "function", "name": "get_weather", "parameters": {"city": "Paris"}})") == call(paris));
  CHECK(read(style, R"({"function": "get_weather", "parameters": {"city": "Paris"}})") == call(paris));
  CHECK(read(style, R"(<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}})") == call(paris));
  CHECK(read(style, R"({"name": "get_weather", "parameters": {"city": "Paris"}}; {"name": "add", "parameters": {}})") ==
        told{{}, {paris, "add {}"}});
  CHECK(read(style, R"({"name": "add", "parameters": {}};)") == call("add {}"));
  for (std::string_view const text : {R"({"name": "Anna", "parameters": {"age": 3}})", R"({"city": "Paris"})",
                                      R"(It is {"name": "add", "parameters": {}})", R"({"name": "ad)", "{", "<|python",
                                      "<|python_tag|>print(1)", "A <b> c", R"({"name": "add", "parameters": 3})"})
    CHECK(read(style, text) == told{std::string(text), {}});
}

TEST_CASE("calls in lists and by name, as Mistral's models write them") {
  for (auto const style : {call_style::listed, call_style::named}) {
    CHECK(read(style, R"([TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Paris"}}])") == call(paris));
    CHECK(
        read(
            style,
            R"([TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}, "id": "abcdefghi"}, {"name": "add", "arguments": {}}])") ==
        told{{}, {paris, "add {}"}});
    CHECK(read(style, R"([TOOL_CALLS]get_weather[ARGS]{"city": "Paris"})") == call(paris));
    CHECK(read(style, R"(Well.[TOOL_CALLS]get_weather[CALL_ID]123456789[ARGS]{"city": "Paris"}[TOOL_CALLS]add{})") ==
          told{"Well.", {paris, "add {}"}});
    for (std::string_view const text :
         {"[TOOL_CALLS] []", "[TOOL_CALLS] get the weather {}", "[TOOL_", "[1, 2]", "[TOOL_CALLS]"})
      CHECK(read(style, text) == told{std::string(text), {}});
  }
}

// Types of values are those that vLLM's parser of Qwen3-Coder gives; unknown parameters are texts there, too.
TEST_CASE("calls between words of their own, as Qwen3-Coder writes them") {
  auto const style = call_style::marked;
  auto const of = [](std::string const& inside) { return "<tool_call>\n" + inside + "\n</tool_call>"; };
  CHECK(read(style, of("<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>")) == call(paris));
  CHECK(read(style, of("<function=get_weather><parameter=city>Paris</parameter></function>")) == call(paris));
  CHECK(
      read(style, "I look.\n" + of("<function=now>\n</function>") + "\n" +
                      of("<function=add>\n<parameter=a>\n[1, {\"x\":2}]\n</parameter>\n<parameter=b>\n2\n</parameter>\n"
                         "</function>")) == told{"I look.", {"now {}", R"(add {"a": [1,{"x":2}], "b": "2"})"}});
  // Lines of a text stay, but for those around it.
  CHECK(
      read(style, of("<function=f>\n<parameter=code>\n\n  if x < 3:\n\t\"y\" </param>\n\n</parameter>\n</function>")) ==
      call(R"(f {"code": "\n  if x < 3:\n\t\"y\" </param>\n"})"));
  CHECK(read(style, of("<function=get_weather>\n<parameter=unit>\nnull\n</parameter>\n</function>")) ==
        call(R"(get_weather {"unit": null})"));
  CHECK(read(style,
             of("<function=add>\n<parameter=a>\nfive\n</parameter>\n<parameter=a>\n5\n</parameter>\n</function>")) ==
        call(R"(add {"a": "five"})"));
  CHECK(read(style, "<tool_call>\n<function=now>\n</tool_call>") == call("now {}"));  // an end is lacking
  CHECK(read(style, "<tool_call>\n<function=get_weather>\n<parameter=city>\nPar") ==
        call("get_weather "));  // max_tokens
  for (std::string_view const text :
       {"<tool_call>\n<function=", "<tool_call>\n<function=a b>\n", "<tool_call>\nnow\n</tool_call>",
        "<tool_call>{\"name\": \"add\", \"arguments\": {}}</tool_call>", "<function=now>"})
    CHECK(read(style, text) == told{std::string(text), {}});
}

TEST_CASE("calls of keys and values, as GLM-4.5 writes them") {
  auto const style = call_style::keyed;
  CHECK(read(style, "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call>") ==
        call(paris));
  CHECK(
      read(
          style,
          "Well.<tool_call>now</tool_call><tool_call>add<arg_key>a</arg_key><arg_value>-1.5</arg_value></tool_call>") ==
      told{"Well.", {"now {}", R"(add {"a": -1.5})"}});
  CHECK(read(style, "<tool_call>add\n<arg_key>a</arg_key>\n<arg_value>{\"b\": \"</arg\"}</arg_value>") ==
        call(R"(add {"a": {"b":"</arg"}})"));
  CHECK(read(style, "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value> \n5</arg_value>\n</tool_call>") ==
        call(R"(get_weather {"city": " \n5"})"));
  for (std::string_view const text :
       {"<tool_call>other\n<arg_key>a</arg_key>", "<tool_call>\n{\"name\": 1}", "<tool_call><arg_key>"})
    CHECK(read(style, text) == told{std::string(text), {}});
}

TEST_CASE("what values are is said by the schema") {
  auto const kind = [](char const* schema) { return value_kind_of(parse_json(schema)); };
  CHECK(kind(R"({"type": "string"})") == value_kind::text);
  CHECK(kind(R"({"enum": ["a", "b"]})") == value_kind::text);
  CHECK(kind(R"({"const": "a"})") == value_kind::text);
  CHECK(kind(R"({"type": ["null", "string"]})") == value_kind::text_or_null);
  for (char const* json :
       {R"({"type": "integer"})", R"({"enum": ["a", 1]})", R"({"const": 1})", R"({"type": ["null", "integer"]})", "{}"})
    CHECK(kind(json) == value_kind::json);
}

TEST_CASE("one call and no more, and calls that the prompt begins") {
  CHECK(read(call_style::tagged,
             "{\"name\": \"add\", \"arguments\": {}}\n</tool_call>\n<tool_call>{\"name\": \"add\", \"arguments\": {}}",
             1, "<tool_call>\n") == call("add {}"));
  CHECK(read(call_style::listed, R"([{"name": "add", "arguments": {}}, {"name": "add", "arguments": {}}])", 1,
             "[TOOL_CALLS]") == call("add {}"));
}

TEST_CASE("grammars of calls let calls through and nothing else") {
  std::string const weather = R"({"name": "get_weather", "arguments": {"city": "x"}})",
                    add = R"({"name": "add", "arguments": {"a": 1}})";
  auto const one = grammar(call_style::tagged, false), more = grammar(call_style::tagged, true);
  CHECK(matches(one, weather));
  CHECK(matches(one, add));
  CHECK(matches(one, R"({"name": "now", "arguments": {}})"));
  for (std::string_view const wrong :
       {R"({"name": "get_weather", "arguments": {"city": 1}})", R"({"name": "add", "arguments": {"a": "x"}})",
        R"({"name": "now", "arguments": {"a": 1}})", R"({"name": "other", "arguments": {}})",
        R"({"arguments": {}, "name": "now"})", R"({"name": "add"})", ""})
    CHECK_FALSE(matches(one, wrong));
  CHECK_FALSE(matches(one, weather + "\n</tool_call>"));
  CHECK(matches(more, weather));
  CHECK(matches(more, weather + "\n</tool_call>"));
  std::string many = weather;
  for (int i = 0; i < 100; ++i) many += "\n</tool_call>\n<tool_call>\n" + add;  // the stack stays flat
  CHECK(matches(more, many));
  CHECK_FALSE(matches(more, weather + "\n</tool_call>\n<tool_call>\n"));
  CHECK(matches(grammar(call_style::bare, true),
                R"({"name": "add", "parameters": {"a": 1}}; {"name": "now", "parameters": {}})"));
  auto const list = grammar(call_style::listed, true);
  CHECK(matches(list, "[" + add + ", " + weather + "]"));
  CHECK_FALSE(matches(list, "[]"));
  CHECK_FALSE(matches(grammar(call_style::listed, false), "[" + add + ", " + add + "]"));
  CHECK(matches(grammar(call_style::named, true), R"(add[ARGS]{"a": 1}[TOOL_CALLS]now[ARGS]{})"));
}

TEST_CASE("grammars of calls between words of their own") {
  json_value const schema = parse_json(
      R"({"type": "object", "required": ["city", "days"], "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]},
          "days": {"type": "integer"}}})");
  std::vector<described_function> functions{{"get_weather", &schema}, {"now", nullptr}};
  auto const marked = grammar_of_calls(functions, call_style::marked, call_extent::several, "tools");
  std::string const begin = "<function=get_weather>\n<parameter=city>\n",
                    end = "\n</parameter>\n<parameter=days>\n12\n</parameter>\n</function>";
  CHECK(matches(marked, begin + "Paris" + end));
  CHECK(matches(marked, begin + "\n</parameter\n</\n\n</par" + end));
  CHECK(matches(marked, begin + "Paris\n</parameter>\n<parameter=unit>\nC" + end));
  CHECK(matches(marked, begin + "Paris" + end + "\n</tool_call>\n<tool_call>\n<function=now>\n</function>"));
  for (std::string const& wrong :
       {begin + "Paris\n</parameter>\n</function>", begin + "Paris\n</parameter>\n<parameter=unit>\nK" + end,
        begin + "Paris\n</parameter>\n<parameter=days>\n1.5\n</parameter>\n</function>",
        std::string("<function=other>\n</function>")})
    CHECK_FALSE(matches(marked, wrong));
  auto const keyed = grammar_of_calls(functions, call_style::keyed, call_extent::one, "tools");
  std::string const both =
      "get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</"
      "arg_value>";
  CHECK(matches(keyed, both));
  CHECK(matches(keyed, "now"));
  CHECK_FALSE(matches(keyed, "get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>"));
  functions[0].strict = false;
  auto const any = grammar_of_calls(functions, call_style::keyed, call_extent::framed, "tools");
  CHECK(matches(any, "get_weather\n<arg_key>x</arg_key>\n<arg_value>y</arg_value>\n</tool_call>"));
  CHECK(matches(any, "get_weather\n</tool_call>"));
  json_value const parted = parse_json(R"({"type": "object", "properties": {"a>b": {"type": "string"}}})");
  CHECK_THROWS_AS(grammar_of_calls({{"f", &parted}}, call_style::marked, call_extent::one, "tools"), api_error);
}

TEST_CASE("an answer may be of either of two grammars") {
  json_value const answer =
      parse_json(R"({"type": "object", "properties": {"x": {"enum": [1, 2]}}, "required": ["x"]})");
  for (auto const style : {call_style::tagged, call_style::marked}) {
    auto const words = words_of(style);
    std::string const open = std::string(words.open) + std::string(words.gap);
    auto const both = either(grammar_of_schema(answer, "response_format"), behind(open, grammar(style, true)));
    CHECK(matches(both, R"({"x": 2})"));
    CHECK_FALSE(matches(both, R"({"x": 3})"));
    CHECK(matches(
        both, open + (style == call_style::tagged ? R"({"name": "add", "arguments": {"a": 1}})"
                                                  : "<function=add>\n<parameter=a>\n1\n</parameter>\n</function>")));
    CHECK_FALSE(matches(both, open));
    CHECK(matches(either(grammar_of_choices({"a", "b"}), grammar_of_choices({"c"})), "c"));
  }
}

TEST_CASE("what a grammar of calls lets through is read as calls") {
  for (auto const style : {call_style::tagged, call_style::bare, call_style::listed, call_style::named}) {
    auto const words = words_of(style);
    bool const by_name = style == call_style::named, list = style == call_style::listed;
    std::string const text = by_name ? R"(add[ARGS]{"a": 7})"
                             : list  ? R"([{"name": "add", "arguments": {"a": 7}}])"
                                     : R"({"name": "add", ")" + std::string(words.arguments) + R"(": {"a": 7}})";
    CHECK(matches(grammar(style, true), text));
    CHECK(read(style, text, 100, std::string(words.open)) == call(R"(add {"a": 7})"));
  }
}

TEST_CASE("what is found does not depend on how a text is cut") {
  std::vector<std::string> const parts{"<tool_call>",
                                       "</tool_call>",
                                       "[TOOL_CALLS]",
                                       "[ARGS]",
                                       "<|python_tag|>",
                                       "{\"name\": \"add\", ",
                                       "\"arguments\": {",
                                       "\"parameters\": {\"a\": \"}\\\"\"",
                                       "}",
                                       "}}",
                                       "[",
                                       "]",
                                       ",",
                                       ";",
                                       " ",
                                       "\n",
                                       "add",
                                       "\"",
                                       "Paris",
                                       "{\"arguments\": {}, \"name\": \"get_weather\"}",
                                       "<tool",
                                       "<function=add>",
                                       "<parameter=a>",
                                       "</parameter>",
                                       "</function>",
                                       "<arg_key>a</arg_key>",
                                       "<arg_value>",
                                       "</arg_value>",
                                       "\n</",
                                       "<|py"};
  std::mt19937 random(3);
  for (int i = 0; i < 4000; ++i) {
    std::string text;
    for (auto k = random() % 9; k > 0; --k) text += parts[random() % parts.size()];
    for (auto const style : {call_style::tagged, call_style::bare, call_style::listed, call_style::named,
                             call_style::marked, call_style::keyed})
      static_cast<void>(read(style, text, i % 2 == 0 ? 100 : 1));
  }
}

TEST_CASE("styles are known by what templates write") {
  CHECK(call_style_of("{% if tools %}<tool_call>\n{\"name\": {% endif %}") == call_style::tagged);
  CHECK(call_style_of("{% if tools %}[TOOL_CALLS] [") == call_style::listed);
  CHECK(call_style_of("{% if tools %}[TOOL_CALLS]' + name + '[ARGS]'") == call_style::named);
  CHECK(call_style_of("{% if tools %}ipython {\"name\": 1, \"parameters\": 2}") == call_style::bare);
  CHECK(call_style_of("{% if tools %}<tool_call>\n<function=f>\n<parameter=") == call_style::marked);
  CHECK(call_style_of("{% if tools %}<tool_call>f\n<arg_key>k</arg_key>\n<arg_value>") == call_style::keyed);
  CHECK_FALSE(call_style_of("{% if tools %}<tool_call>\n<function=f>"));
  CHECK_FALSE(call_style_of("{% if tools %}<｜tool▁calls▁begin｜>"));
  CHECK_FALSE(call_style_of("<tool_call>"));
}

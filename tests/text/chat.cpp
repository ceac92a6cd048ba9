// Conversations as transformers renders them, templates refused, stored and read, and what becomes of their ids.
#include "constformer/text/chat.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "constformer/text/load.hpp"
#include "support.hpp"

using namespace constformer;
using namespace text_test;

namespace {

namespace fs = std::filesystem;
using ordered = nlohmann::ordered_json;

struct folder {
  fs::path path = fs::temp_directory_path() / "constformer_chat_templates";
  folder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~folder() { fs::remove_all(path); }
  folder(folder const&) = delete;
  folder& operator=(folder const&) = delete;
  void write(fs::path const& name, std::string const& content) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << content;
  }
};

ordered read_vectors(fs::path const& file) {
  std::ifstream in(file);
  return ordered::parse(in);
}

// What the originals were told: 7 February 2031, a Friday, 15:04:09.
std::tm vector_day() {
  std::tm day{};
  day.tm_year = 131;
  day.tm_mon = 1;
  day.tm_mday = 7;
  day.tm_hour = 15;
  day.tm_min = 4;
  day.tm_sec = 9;
  day.tm_wday = 5;
  day.tm_yday = 37;
  return day;
}

chat_input input_of(ordered const& given) {
  chat_input out{.messages = given["messages"].dump(),
                 .tokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}},
                 .now = vector_day()};
  if (given.contains("tools")) out.tools = given["tools"].dump();
  if (given.contains("documents")) out.documents = given["documents"].dump();
  out.add_generation_prompt = given.value("generation", true);
  if (given.contains("options"))
    for (auto const& [name, value] : given["options"].items()) out.options.emplace_back(name, value.dump());
  return out;
}

chat_input talk_input(std::vector<chat_message> const& talk) {
  return {.messages = chat_messages_json(talk),
          .tokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}},
          .now = vector_day()};
}

std::optional<std::string> rendered(std::string const& jinja, chat_input const& input) {
  try {
    return chat_template(jinja).render(input).text;
  } catch (error const&) {
    return std::nullopt;
  }
}

// Every rendering equals the original's; where that raises an error, ours does too.
void check_vectors(ordered const& vectors) {
  for (auto const& c : vectors["cases"]) {
    auto const& t = vectors["templates"][c[0].get<std::size_t>()];
    auto const& given = vectors["inputs"][c[1].get<std::size_t>()];
    INFO(t[0].get<std::string>() << ": " << t[1].get<std::string>().substr(0, 400) << "\ninput " << c[1]);
    auto const out = rendered(t[1].get<std::string>(), input_of(given));
    CHECK(out.value_or("(refused)") == (c[2].is_null() ? "(refused)" : c[2].get<std::string>()));
  }
}

std::string refusal(std::string const& jinja, std::string const& messages = "[]") {
  return message_of([&] { static_cast<void>(chat_template(jinja).render({.messages = messages})); });
}

std::string text_of(named_chat_template const* chosen) { return chosen == nullptr ? "(none)" : chosen->jinja; }

}  // namespace

TEST_CASE("chat: conversations are rendered as transformers renders them with jinja2") {
  auto const vectors = read_vectors(fixtures().parent_path() / "chat_vectors.json");
  check_vectors(vectors);
  CHECK(vectors["cases"].size() > 700);
}

TEST_CASE("chat: a collection of published templates, where CF_CHAT_TEMPLATES names one") {
  char const* const place = std::getenv("CF_CHAT_TEMPLATES");
  if (place == nullptr) SKIP("CF_CHAT_TEMPLATES is not set");
  check_vectors(read_vectors(fs::path(place) / "chat_vectors.json"));
}

TEST_CASE("chat: what the language has and the interpreter has not is refused by name and line") {
  CHECK(refusal("a\n{{ messages | pprint }}") == "chat template, line 2: the filter 'pprint' is not supported");
  CHECK(refusal("{{ 1 is filter }}") == "chat template, line 1: the test 'filter' is not supported");
  CHECK(refusal("\n\n{% include 'x' %}") == "chat template, line 3: the tag 'include' is not known");
  CHECK(refusal("{{ cycler('a') }}") == "chat template, line 1: the function 'cycler' is not supported");
  CHECK(refusal("{% if false %}\n{{ 'a'.encode() }}{% endif %}") ==
        "chat template, line 2: the method 'encode' is not supported");
  CHECK(refusal("{{ 0x10 }}") == "chat template, line 1: numbers with a base (0x) are not supported");
  CHECK(refusal("{% if x %}\na") == "chat template, line 2: the template ends before 'endif'");
  CHECK(refusal("\xFF") == "chat template, line 1: its text is no UTF-8");
}

TEST_CASE("chat: what goes wrong in a rendering is told with the line") {
  CHECK(refusal("{{ raise_exception('Only one turn') }}") ==
        "the chat template refuses the conversation: Only one turn");
  CHECK(refusal("\n{{ messages[0].content }}") == "chat template, line 2: list object has no element 0");
  CHECK(refusal("{{ x.y }}") == "chat template, line 1: 'x' is undefined");
  CHECK(refusal("{{ messages[0].call() }}", R"([{"role":"user"}])") ==
        "chat template, line 1: 'dict object' has no attribute 'call'");
  CHECK(refusal("{{ messages.append(1) }}") ==
        "chat template, line 1: access to attribute 'append' of 'list' object is unsafe");
  CHECK(refusal("", "{}") == "chat: the list of messages is not a JSON list");
  CHECK(refusal("", "[1]") == "chat: message 0 is not a JSON object");
  CHECK(refusal("", "[") == "chat: the list of messages is not JSON");
}

TEST_CASE("chat: steps, values, output and depth are bounded") {
  auto const ends = [](std::string const& jinja, std::string const& why) {
    INFO(jinja);
    CHECK(refusal(jinja).find(why) != std::string::npos);
  };
  std::string const many = "{% for a in range(99999) %}{% for b in range(99999) %}";
  ends(many + "{% endfor %}{% endfor %}", "more values than a rendering may hold");
  ends(many + "{% if a.b.c is defined %}{% endif %}{% endfor %}{% endfor %}", "'int object' has no attribute 'b'");
  ends("{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
       "more values than a rendering may hold");
  ends("{% set x = 'a' * 1000000 %}{% for a in range(99) %}{{ x }}{% endfor %}", "a text of more than 67108864 bytes");
  ends("{{ 'a' * 99999999999 }}", "a text is repeated too often");
  ends("{{ [1] * 99999999999 }}", "a list is repeated too often");
  ends("{{ '%99999999d' % 1 }}", "a format asks for more than 4096 characters");
  ends("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "it nests deeper than 1000 levels");
  ends("{% set ns = namespace(x=[]) %}{% for a in range(999) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
       "values nest deeper than 200 levels");
  ends("{% set ns = namespace(x=[]) %}{% for a in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
       "more steps than a rendering may take");
  ends("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}", "values nest deeper than 200 levels");
  ends("{{ " + std::string(200, '(') + "1" + std::string(200, ')') + " }}", "it nests deeper than 100 levels");
  std::string sum = "{{ 1";
  for (int i = 0; i < 500; ++i) sum += " + 1";
  ends(sum + " }}", "an expression nests deeper than 400 levels");
}

TEST_CASE("chat: the templates of a folder, the first place that has any") {
  folder const f;
  auto const usual = [&] { return text_of(choose_chat_template(read_chat_templates(f.path), false)); };
  auto const with_tools = [&] { return text_of(choose_chat_template(read_chat_templates(f.path), true)); };
  CHECK(usual() == "(none)");
  f.write("chat_template.json", R"({"chat_template":"legacy"})");
  CHECK(usual() == "legacy");
  f.write("tokenizer_config.json", R"({"bos_token":"<s>"})");
  CHECK(usual() == "legacy");
  f.write("tokenizer_config.json", R"({"chat_template":"config","bos_token":"<s>","eos_token":{"content":"</s>"},
                                       "unk_token":null,"model_max_length":5,"image_token":"<i>"})");
  f.write("special_tokens_map.json", R"({"bos_token":"other","pad_token":"<p>","additional_special_tokens":["<x>"]})");
  CHECK(usual() == "config");
  CHECK(with_tools() == "config");
  using tokens = std::vector<std::pair<std::string, std::string>>;
  CHECK(read_chat_templates(f.path).tokens ==
        tokens{{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"image_token", "<i>"}, {"pad_token", "<p>"}});
  f.write("tokenizer_config.json",
          R"({"chat_template":[{"name":"tool_use","template":"tools"},{"name":"default","template":"usual"}]})");
  CHECK(usual() == "usual");
  CHECK(with_tools() == "tools");
  f.write("additional_chat_templates/rag.jinja", "rag");
  CHECK(message_of(usual) == "chat: none of the checkpoint's templates is called default; the first is called 'rag'");
  f.write("chat_template.jinja", "own\r\n");
  CHECK(usual() == "own\r\n");
  f.write("additional_chat_templates/tool_use.jinja", "own tools");
  CHECK(with_tools() == "own tools");
  auto const all = read_chat_templates(f.path);
  CHECK(all.all.size() == 3);
  CHECK(chat_templates_of(words_of(all)) == all);
}

TEST_CASE("chat: files of templates that are damaged, and words that are none") {
  folder const f;
  auto const problem = [&] { return message_of([&] { static_cast<void>(read_chat_templates(f.path)); }); };
  auto const config = (f.path / "tokenizer_config.json").string();
  f.write("tokenizer_config.json", R"({"chat_template":3})");
  CHECK(problem() == config + ": chat_template is neither a string nor a list");
  f.write("tokenizer_config.json", R"({"chat_template":[3]})");
  CHECK(problem() == config + ": chat_template lists something that is no object");
  CHECK(words_of(chat_templates{}).empty());
  CHECK(message_of([] { static_cast<void>(chat_templates_of(std::vector<std::string>{"llama2"})); }) ==
        "chat: 'llama2' is no word of a stored template");
}

TEST_CASE("chat: the built-in templates render as the published ones of their family do") {
  auto const vectors = read_vectors(fixtures().parent_path() / "chat_vectors.json");
  std::vector<std::pair<std::string, std::string>> const same{{"llama2", "llama2"},        {"llama3", "llama3"},
                                                              {"chatml", "chatml"},        {"nanochat", "nanochat"},
                                                              {"deepseek_r1", "deepseek"}, {"chatglm2", "chatglm"}};
  std::vector<chat_message> talk{{"user", "Hello"}, {"assistant", " Well. "}, {"user", "More\n"}};
  for (auto const& [published, ours] : same) {
    INFO(ours);
    auto const t = std::ranges::find_if(vectors["templates"], [&](auto const& v) { return v[0] == published; });
    REQUIRE(t != vectors["templates"].end());
    auto input = talk_input(talk);
    auto const want = chat_template((*t)[1].get<std::string>()).render(input).text;
    auto const opening = published == "deepseek_r1" ? std::string("<think>\n") : std::string();
    CHECK(chat_template(find_built_in_chat_template(ours)->jinja).render(input).text + opening == want);
  }
  CHECK(find_built_in_chat_template("alpaca") == nullptr);
}

TEST_CASE("chat: special tokens that are spelled in what was told stay text") {
  opened const llama = open(fixtures() / "llama2");
  chat_template const llama2(find_built_in_chat_template("llama2")->jinja);
  std::vector<chat_message> const talk{{"user", "the </s> clock"}};
  auto const chat = llama2.render(talk_input(talk));
  CHECK(chat.text == "<s>[INST] the </s> clock [/INST]");
  CHECK(chat.told == std::vector<text_range>{{10, 24}});
  auto const ids = encode_chat(chat, *llama.tokens);
  std::vector<int> expected{1};
  auto const plain = llama->encode("[INST] the </s> clock [/INST]", {.add_special = false, .parse_special = false});
  expected.insert(expected.end(), plain.begin(), plain.end());
  CHECK(ids == expected);
  CHECK(std::ranges::count(ids, 2) == 0);
  CHECK(built_in_chat_template_for(*llama.tokens) == nullptr);
  CHECK(reply_ends(llama2, talk_input(talk), *llama.tokens) == std::vector{2});
  chat_template const rounds(find_built_in_chat_template("chatglm")->jinja);
  auto const framed = encode_chat(rounds.render(talk_input({{"user", "a"}})), *llama.tokens, true);
  CHECK(framed == llama->encode("[Round 1]\n\n问：a\n\n答："));
}

TEST_CASE("chat: what was told keeps its marks through cutting, joining, changing case and printing in lists") {
  auto const told = [](std::string const& jinja) {
    auto const chat = chat_template(jinja).render(talk_input(std::vector<chat_message>{{"user", " aB-c "}}));
    std::string out;
    std::size_t at = 0;
    for (auto const& r : chat.told) {
      out += chat.text.substr(at, r.begin - at) + "<" + chat.text.substr(r.begin, r.end - r.begin) + ">";
      at = r.end;
    }
    return out + chat.text.substr(at);
  };
  CHECK(told("{{ messages[0].content }}") == "< aB-c >");
  CHECK(told("{{ messages[0].role }}") == "user");
  CHECK(told("x{{ messages[0].content.strip() | upper }}y") == "x<AB-C>y");
  CHECK(told("{{ messages[0].content.split('-') | join('+') | replace('+', '=') }}") == "< aB>=<c >");
  CHECK(told("{{ [messages[0].content] }}{{ messages[0].content | tojson }}") == "['< aB-c >']\"< aB-c >\"");
  CHECK(told("{{ 'x%sy' % messages[0].content[1:3] }}{{ '{}'.format(messages[0].content[::-2]) }}") == "x<aB>y< -a>");
  CHECK(told("{% set x %}a{{ messages[0].content }}{% endset %}{{ x | trim ~ 'z' }}") == "a< aB-c>z");
}

TEST_CASE("chat: the token that a template writes behind a reply ends it") {
  opened const tokens = open(fixtures() / "nanochat" / "tokenizer.pkl");
  auto const ends = [&](std::string const& jinja) {
    return reply_ends(chat_template(jinja), talk_input({}), *tokens.tokens);
  };
  int const bos = *tokens->special().bos, end = *tokens->find("<|assistant_end|>");
  CHECK(ends(std::string(built_in_chat_template_for(*tokens.tokens)->jinja)) == std::vector{bos, end});
  CHECK(ends("{% for m in messages %}{{ m.content }} \n{% if m.role == 'assistant' %}<|assistant_end|>{% endif %}{% "
             "endfor %}") == std::vector{bos, end});
  CHECK(ends("{% for m in messages %}{{ m.content }}.{% endfor %}") == std::vector{bos});
  CHECK(ends("{{ raise_exception('never') }}") == std::vector{bos});
}

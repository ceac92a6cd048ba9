// Conversations as transformers and nanochat render them, templates recognised, refused and stored.
#include "constformer/text/chat.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "constformer/text/load.hpp"
#include "support.hpp"

using namespace constformer;
using namespace text_test;

namespace {

std::string text_of(std::vector<chat_piece> const& pieces) {
  std::string out;
  for (auto const& p : pieces)
    out += p.what == chat_piece::kind::bos ? "<s>" : p.what == chat_piece::kind::eos ? "</s>" : p.text;
  return out;
}

std::vector<chat_message> talk_of(nlohmann::json const& all, std::size_t turns) {
  std::vector<chat_message> messages;
  for (std::size_t i = 0; i < turns; ++i) messages.push_back({all[i], i % 2 == 1});
  return messages;
}

struct folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "constformer_chat_templates";
  folder() {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~folder() { std::filesystem::remove_all(path); }
  folder(folder const&) = delete;
  folder& operator=(folder const&) = delete;
  void write(char const* name, std::string const& content) const { std::ofstream(path / name) << content; }
};

}  // namespace

TEST_CASE("chat: conversations are rendered as the originals render them") {
  auto const vectors = read_json(fixtures().parent_path() / "chat_vectors.json");
  std::vector<chat_format> formats;
  for (auto const& t : vectors["templates"]) {
    formats.push_back(recognise_chat_template(t["jinja"].get<std::string>()));
    CHECK(name_of(formats.back().kind) == t["kind"].get<std::string>());
    auto const words = words_of(formats.back());
    CHECK(chat_format_of(words) == formats.back());
    if (formats.back().day.starts_with("today")) formats.back().day = "07 Feb 2031";  // what the originals were told
  }
  for (auto const& c : vectors["cases"]) {
    INFO(c.dump());
    auto const rendered = render_chat(formats[c[0].get<std::size_t>()], c[1].get<std::string>(),
                                      talk_of(vectors["talk"], c[2].get<std::size_t>()));
    CHECK(text_of(rendered) == c[3].get<std::string>());
  }
  CHECK(vectors["cases"].size() == 212);
}

TEST_CASE("chat: templates that do more, or are none of the known ones, are refused by name") {
  auto const reason = [](std::string_view jinja) {
    auto const format = recognise_chat_template(jinja);
    CHECK(format.kind == chat_kind::unknown);
    return format.reason;
  };
  CHECK(reason("{{ 'USER: ' + messages[0]['content'] }}") ==
        "it is none of llama2, llama3, chatml, nanochat, glm, deepseek and chatglm");
  std::string const own_thoughts = "it handles thoughts (<think>) in a way of its own";
  CHECK(reason("<|im_start|> <|im_end|> <think>") == own_thoughts);
  // Qwen3's, but for a thought that is asked for unless a caller wants none.
  CHECK(reason("<|im_start|> <|im_end|> last_query_index reasoning_content.strip('\\n') "
               "content.split('</think>')[-1].lstrip('\\n')"
               " add_generation_prompt '<|im_start|>assistant\\n' enable_thinking is false else '<think>\\n'") ==
        own_thoughts);
  CHECK(reason("<|im_start|> <|im_end|> strftime_now") == "it writes today's date");
  CHECK(reason("<｜User｜><｜Assistant｜> '</think>' content.split('</think>', 1)[1]") == own_thoughts);
  CHECK(reason("<｜User｜><｜Assistant｜> | trim") == "it takes blanks off");
  CHECK(reason("<|start_header_id|> Cutting Knowledge Date: ") == "it writes dates in a way of its own");
  CHECK(reason("[Round 问：") == "it counts rounds in a way of its own");
  CHECK(reason("[gMASK]<sop>") == "it asks for no reply (add_generation_prompt)");
  auto const format = recognise_chat_template("x");
  CHECK(
      message_of([&] { static_cast<void>(render_chat(format, "", {})); }) ==
      "chat: the template of the model is not supported: it is none of llama2, llama3, chatml, nanochat, glm, deepseek "
      "and chatglm");
  CHECK(chat_format_of(words_of(format)) == format);
  CHECK(words_of({}).empty());
  CHECK(message_of([] { static_cast<void>(chat_format_of(std::vector<std::string>{"glm", "fast"})); }) ==
        "chat: 'fast' is no word of a stored template");
  CHECK(message_of([] { static_cast<void>(chat_format_of(std::vector<std::string>{"chatglm", "first_round=7"})); }) ==
        "chat: 'first_round=7' is no word of a stored template");
}

TEST_CASE("chat: SmolLM3's template is known by where its system message ends") {
  auto const vectors = read_json(fixtures().parent_path() / "chat_vectors.json");
  for (auto const& t : vectors["templates"]) {
    auto jinja = t["jinja"].get<std::string>();
    auto const tools = jinja.find("### Tools");
    if (tools == std::string::npos) continue;
    CHECK(recognise_chat_template(jinja).day == "today_in_full");
    CHECK(recognise_chat_template(jinja).plain_system == "Answer.");
    jinja.erase(jinja.find("{%- endif -%}", tools),
                std::string_view("{%- endif -%}").size());  // ended without tools too
    CHECK(recognise_chat_template(jinja).reason == "it writes today's date");
    return;
  }
  FAIL("there is none among the templates");
}

TEST_CASE("chat: the template of a folder") {
  folder const f;
  CHECK(read_chat_format(f.path).kind == chat_kind::none);
  f.write("tokenizer_config.json", R"({"bos_token":"<s>"})");
  CHECK(read_chat_format(f.path).kind == chat_kind::none);
  f.write("tokenizer_config.json", R"({"chat_template":"<|im_start|>system\nYou are kind.<|im_end|> trim"})");
  CHECK(read_chat_format(f.path) == chat_format{.kind = chat_kind::chatml, .trim = true, .system = "You are kind."});
  f.write("tokenizer_config.json",
          R"({"chat_template":[{"name":"tool","template":"x"},{"name":"default","template":"[INST] <<SYS>>"}]})");
  CHECK(read_chat_format(f.path).kind == chat_kind::llama2);
  f.write("tokenizer_config.json", R"({"chat_template":[{"name":"tool","template":"x"}]})");
  CHECK(message_of([&] { static_cast<void>(read_chat_format(f.path)); }) ==
        (f.path / "tokenizer_config.json").string() + ": chat_template has no template called default");
  f.write("tokenizer_config.json", R"({"chat_template":3})");
  CHECK(message_of([&] { static_cast<void>(read_chat_format(f.path)); }) ==
        (f.path / "tokenizer_config.json").string() + ": chat_template is neither a string nor a list");
  f.write("chat_template.jinja", "<|user_start|><|assistant_start|>");
  CHECK(read_chat_format(f.path).kind == chat_kind::nanochat);
}

TEST_CASE("chat: pieces become ids; special tokens in a message stay text; what a vocabulary lacks is named") {
  opened const llama = open(fixtures() / "llama2");
  std::vector<chat_message> const talk{{"the </s> clock"}};
  auto const ids = encode_chat(render_chat({.kind = chat_kind::llama2}, "", talk), *llama.tokens);
  std::vector<int> expected{1};
  auto const plain = llama->encode("[INST] the </s> clock [/INST]", {.add_special = false, .parse_special = false});
  expected.insert(expected.end(), plain.begin(), plain.end());
  CHECK(ids == expected);
  CHECK(std::count(ids.begin(), ids.end(), 2) == 0);
  CHECK(message_of([&] {
          static_cast<void>(encode_chat(render_chat({.kind = chat_kind::glm}, "", talk), *llama.tokens));
        }) == "chat: the vocabulary has no token [gMASK], which the template needs");
  CHECK(chat_kind_of(*llama.tokens) == chat_kind::none);
  CHECK(reply_ends({.kind = chat_kind::llama2}, *llama.tokens) == std::vector{2});
  auto const round = encode_chat(render_chat({.kind = chat_kind::chatglm}, "", talk), *llama.tokens);
  auto const words = llama->encode("[Round 1]\n\n问：the </s> clock\n\n答：", {.parse_special = false});
  CHECK(round.front() == 1);  // what the vocabulary puts before a text
  CHECK(round == words);
}

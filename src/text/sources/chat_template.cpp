// Which of the known chat templates a checkpoint has. A template is a program; these are recognised by the strings that
// only they write, and refused where they do more than the known ones do.
#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "constformer/core/error.hpp"
#include "constformer/text/chat.hpp"
#include "text/sources/json.hpp"

namespace constformer {

namespace {

namespace fs = std::filesystem;

std::string read_all(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw error(path.string() + ": cannot be opened");
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw error(path.string() + ": reading failed after " + std::to_string(bytes.size()) + " bytes");
  return bytes;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// \n as Jinja's strings spell it, or a line end in the template itself.
std::size_t line_end_at(std::string_view text, std::size_t at) {
  if (text.substr(at).starts_with("\\n")) return 2;
  return text.substr(at).starts_with("\n") ? 1 : 0;
}

// The system message that the template itself writes where a conversation has none (Qwen2, SmolLM): plain words between
// `<|im_start|>system`, line, and `<|im_end|>`.
std::string default_system(std::string_view jinja) {
  constexpr std::string_view begin = "<|im_start|>system";
  for (auto at = jinja.find(begin); at != std::string_view::npos; at = jinja.find(begin, at + 1)) {
    auto const after = at + begin.size();
    auto const line = line_end_at(jinja, after);
    if (line == 0) continue;
    auto const end = jinja.find("<|im_end|>", after + line);
    if (end == std::string_view::npos) return {};
    auto const words = jinja.substr(after + line, end - after - line);
    if (!words.empty() && words.find_first_of("'\"{}\\+") == std::string_view::npos) return std::string(words);
  }
  return {};
}

chat_format unsupported(std::string reason) { return {.kind = chat_kind::unknown, .reason = std::move(reason)}; }

// What the template writes behind `mark` where it asks for a reply, up to the end of that string; \n is a line end.
std::string opening_of(std::string_view jinja, std::string_view mark) {
  auto const prompt = jinja.rfind("add_generation_prompt");
  auto at = prompt == std::string_view::npos ? prompt : jinja.find(mark, prompt);
  if (at == std::string_view::npos) return {};
  at += mark.size();
  std::string out;
  while (at < jinja.size() && jinja[at] != '\'' && jinja[at] != '"' && jinja[at] != '{') {
    auto const line = line_end_at(jinja, at);
    out += line > 0 ? '\n' : jinja[at];
    at += std::max<std::size_t>(line, 1);
  }
  return out;
}

// Whether `opening` is all that is written where a reply is asked for, but for callers who want no thoughts (Qwen3).
bool opens_plainly(std::string_view jinja, std::string_view opening) {
  if (opening == "\n<think>\n") return true;
  auto const prompt = jinja.substr(std::min(jinja.rfind("add_generation_prompt"), jinja.size()));
  bool const asked = has(prompt, "enable_thinking is false") && !has(prompt, "else");
  return opening == "\n" && (asked || !has(prompt, "<think>"));
}

// Of a conversation without tools. Qwen3 shows the thought of a reply that ends the conversation, QwQ none.
chat_format thoughtful_chatml(std::string_view jinja) {
  bool const qwen3 = has(jinja, "last_query_index") && has(jinja, "reasoning_content.strip(");
  bool const qwq = !has(jinja, "last_query_index") && !has(jinja, "reasoning_content");
  bool const forgets = has(jinja, "content.split('</think>')[-1].lstrip('\\n')");
  auto opening = opening_of(jinja, "<|im_start|>assistant");
  if (!(qwen3 || qwq) || !forgets || has(jinja, "bos_token") || has(jinja, "trim") || !opens_plainly(jinja, opening))
    return unsupported("it handles thoughts (<think>) in a way of its own");
  return {.kind = chat_kind::chatml,
          .forgets = true,
          .thinks_last = qwen3,
          .opening = opening.substr(1),
          .system = default_system(jinja)};
}

// The text behind `mark`, up to the end of its line or string; empty if there is none.
std::string text_behind(std::string_view jinja, std::string_view mark) {
  auto const at = jinja.find(mark);
  if (at == std::string_view::npos) return {};
  auto const rest = jinja.substr(at + mark.size());
  return std::string(rest.substr(0, rest.find_first_of("\\\n'\"{")));
}

// The first text in double quotes behind `mark` that is written out, without line ends at its end.
std::string written_behind(std::string_view jinja, std::string_view mark) {
  constexpr std::string_view begin = "{{- \"";
  auto const marked = jinja.find(mark);
  auto const at = marked == std::string_view::npos ? marked : jinja.find(begin, marked + mark.size());
  if (at == std::string_view::npos) return {};
  auto text = jinja.substr(at + begin.size());
  text = text.substr(0, text.find('"'));
  while (text.ends_with("\\n")) text.remove_suffix(2);
  return has(text, "\\") ? std::string() : std::string(text);
}

// SmolLM3's, as it was published: the system message is ended only within the condition that there are tools.
bool is_smollm3(std::string_view jinja) {
  for (std::string_view const part : {"\"Reasoning Mode: \" + reasoning_mode", "\"/system_override\" in system_message",
                                      "\"## Custom Instructions\\n\\n\"", "set enable_thinking = true",
                                      "strftime_now(\"%d %B %Y\")", "content.lstrip(\"\\n\")"})
    if (!has(jinja, part)) return false;
  auto const tools = jinja.find("### Tools"), loop = jinja.find("for message in messages");
  if (tools == std::string_view::npos || loop == std::string_view::npos || loop < tools) return false;
  auto const rest = jinja.substr(tools, loop - tools);
  auto const end = rest.find("<|im_end|>");
  if (end == std::string_view::npos || rest.find("<|im_end|>", end + 1) != std::string_view::npos) return false;
  auto const behind = rest.substr(end);
  auto const first = behind.find("endif");
  return first != std::string_view::npos && behind.find("endif", first + 1) != std::string_view::npos;
}

chat_format smollm3(std::string_view jinja) {
  constexpr std::string_view thinks = "elif reasoning_mode == \"/think\"";
  auto system = written_behind(jinja, thinks);
  auto plain = written_behind(jinja.substr(std::min(jinja.find(thinks), jinja.size())), "{%- else -%}");
  auto knowledge = text_behind(jinja, "Knowledge Cutoff Date: ");
  if (system.empty() || plain.empty() || knowledge.empty()) return unsupported("it writes today's date");
  return {.kind = chat_kind::chatml,
          .system = std::move(system),
          .plain_system = std::move(plain),
          .knowledge = std::move(knowledge),
          .day = "today_in_full"};
}

chat_format chatml(std::string_view jinja) {
  if (is_smollm3(jinja)) return smollm3(jinja);
  if (has(jinja, "strftime_now") || has(jinja, "date_string")) return unsupported("it writes today's date");
  if (has(jinja, "<think>") || has(jinja, "reasoning_content")) return thoughtful_chatml(jinja);
  return {.kind = chat_kind::chatml,
          .bos = has(jinja, "bos_token"),
          .trim = has(jinja, "trim") || has(jinja, ".strip()"),
          .system = default_system(jinja)};
}

// Llama 3.1 writes a day of its own, 3.2 and 3.3 today's where the library tells it.
chat_format llama3(std::string_view jinja) {
  constexpr std::string_view knowledge = "Cutting Knowledge Date: ";
  if (!has(jinja, knowledge)) return {.kind = chat_kind::llama3};
  auto day = has(jinja, "strftime_now(\"%d %b %Y\")") ? "today" : text_behind(jinja, "set date_string = \"");
  auto const until = text_behind(jinja, knowledge);
  if (day.empty() || until.empty() || !has(jinja, "\"Today Date: \" + date_string"))
    return unsupported("it writes dates in a way of its own");
  return {.kind = chat_kind::llama3, .knowledge = until, .day = std::move(day)};
}

// DeepSeek-V3.1, whose callers get no thoughts unless they ask for them: each reply begins with a closing tag.
bool closes_thoughts(std::string_view jinja) {
  auto const prompt = jinja.substr(std::min(jinja.rfind("add_generation_prompt"), jinja.size()));
  constexpr std::string_view closed = "{{'</think>'}}";
  auto const plain = prompt.find("if not thinking");
  return plain != std::string_view::npos && has(prompt.substr(plain), closed) && has(jinja, "set thinking = false") &&
         has(jinja, "content.split('</think>', 1)[1]") && jinja.find(closed) < jinja.find("content.split(") &&
         !has(jinja, "is_prefix");
}

chat_format deepseek(std::string_view jinja) {
  if (closes_thoughts(jinja)) return {.kind = chat_kind::deepseek, .closes = true, .opening = "</think>"};
  auto opening = opening_of(jinja, "<｜Assistant｜>");
  bool const thoughtful = has(jinja, "<think>") || has(jinja, "</think>");
  bool const forgets = has(jinja, "content.split('</think>')[-1]");
  if (thoughtful && (!forgets || !(opening.empty() || opening == "<think>\n")))
    return unsupported("it handles thoughts (<think>) in a way of its own");
  if (has(jinja, "trim") || has(jinja, "strip(")) return unsupported("it takes blanks off");
  return {.kind = chat_kind::deepseek, .forgets = forgets, .opening = std::move(opening)};
}

chat_format chatglm(std::string_view jinja) {
  bool const from_0 = has(jinja, "index=0"), from_1 = has(jinja, "index=1");
  auto const mark = jinja.find("问：");
  std::string_view const before = jinja.substr(0, mark);
  bool const blank = before.ends_with("]\\n\\n"), line = !blank && before.ends_with("]\\n");
  if (from_0 == from_1 || !(blank || line)) return unsupported("it counts rounds in a way of its own");
  return {.kind = chat_kind::chatglm, .tight = line, .first_round = from_0 ? 0 : 1};
}

chat_format glm(std::string_view jinja) {
  auto const prompt = jinja.rfind("add_generation_prompt");
  auto const asked = prompt == std::string_view::npos ? prompt : jinja.find("<|assistant|>", prompt);
  if (asked == std::string_view::npos) return unsupported("it asks for no reply (add_generation_prompt)");
  if (has(jinja, "<think>")) return unsupported("it handles thoughts (<think>)");
  return {.kind = chat_kind::glm,
          .trim = has(jinja, "trim") || has(jinja, ".strip()"),
          .line = line_end_at(jinja, asked + std::string_view("<|assistant|>").size()) > 0};
}

// Templates of several names come as a list; the one called default is meant.
std::optional<std::string> template_of(text::json_file const& file) {
  auto const* const value = file.find(file.root(), "chat_template");
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  if (!value->is_array()) file.fail("chat_template is neither a string nor a list");
  for (auto const& item : *value)
    if (item.is_object() && file.text(item, "name") == "default") return file.text(item, "template");
  file.fail("chat_template has no template called default");
}

}  // namespace

chat_format recognise_chat_template(std::string_view jinja) {
  if (has(jinja, "<|user_start|>") && has(jinja, "<|assistant_start|>")) return {.kind = chat_kind::nanochat};
  if (has(jinja, "<｜User｜>") && has(jinja, "<｜Assistant｜>")) return deepseek(jinja);
  if (has(jinja, "<|start_header_id|>")) return llama3(jinja);
  if (has(jinja, "<|im_start|>") && has(jinja, "<|im_end|>")) return chatml(jinja);
  if (has(jinja, "[INST]") && has(jinja, "<<SYS>>")) return {.kind = chat_kind::llama2};
  if (has(jinja, "[gMASK]") && has(jinja, "<sop>")) return glm(jinja);
  if (has(jinja, "[Round ") && has(jinja, "问：")) return chatglm(jinja);
  return unsupported("it is none of llama2, llama3, chatml, nanochat, glm, deepseek and chatglm");
}

chat_format read_chat_format(fs::path const& folder) {
  std::error_code ignored;
  auto const own_file = folder / "chat_template.jinja";
  if (fs::is_regular_file(own_file, ignored)) return recognise_chat_template(read_all(own_file));
  auto const config = folder / "tokenizer_config.json";
  if (!fs::is_regular_file(config, ignored)) return {};
  auto const jinja = template_of(text::json_file(read_all(config), config.string()));
  return jinja ? recognise_chat_template(*jinja) : chat_format{};
}

}  // namespace constformer

// Which of the known chat templates a checkpoint has. A template is a program; these are recognised by the strings that only they
// write, and refused where they do more than the known ones do.
#include <fstream>
#include <iterator>
#include <string>

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

chat_format chatml(std::string_view jinja) {
  if (has(jinja, "<think>") || has(jinja, "reasoning_content")) return unsupported("it handles thoughts (<think>)");
  return {.kind = chat_kind::chatml,
          .bos = has(jinja, "bos_token"),
          .trim = has(jinja, "trim") || has(jinja, ".strip()"),
          .system = default_system(jinja)};
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
  if (has(jinja, "<|start_header_id|>")) {
    if (has(jinja, "Cutting Knowledge Date")) return unsupported("it writes today's date (Llama 3.1)");
    return {.kind = chat_kind::llama3};
  }
  if (has(jinja, "<|im_start|>") && has(jinja, "<|im_end|>")) return chatml(jinja);
  if (has(jinja, "[INST]") && has(jinja, "<<SYS>>")) return {.kind = chat_kind::llama2};
  if (has(jinja, "[gMASK]") && has(jinja, "<sop>")) return glm(jinja);
  return unsupported("it is none of llama2, llama3, chatml, nanochat and glm");
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

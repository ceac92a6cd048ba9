#include "constformer/text/chat.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "constformer/core/error.hpp"

namespace constformer {

namespace {

using kind = chat_piece::kind;

constexpr std::array names{
    std::pair{chat_kind::llama2, std::string_view("llama2")}, std::pair{chat_kind::llama3, std::string_view("llama3")},
    std::pair{chat_kind::chatml, std::string_view("chatml")},
    std::pair{chat_kind::nanochat, std::string_view("nanochat")}, std::pair{chat_kind::glm, std::string_view("glm")}};

// As Python's str.strip does it with ASCII; Jinja's trim is the same.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\r\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// Joins what is one text for the tokenizer.
class chat_writer {
 public:
  chat_writer& operator<<(std::string_view text) {
    if (text.empty()) return *this;
    if (pieces_.empty() || pieces_.back().what != kind::text) pieces_.push_back({});
    pieces_.back().text += text;
    return *this;
  }
  chat_writer& special(std::string_view spelling) {
    pieces_.push_back({kind::special, std::string(spelling)});
    return *this;
  }
  chat_writer& bos() {
    pieces_.push_back({kind::bos});
    return *this;
  }
  chat_writer& eos() {
    pieces_.push_back({kind::eos});
    return *this;
  }
  std::vector<chat_piece> take() { return std::move(pieces_); }

 private:
  std::vector<chat_piece> pieces_;
};

using conversation = std::span<chat_message const>;

bool wants_reply(conversation messages) { return !messages.empty() && !messages.back().assistant; }

void write_llama2(chat_writer& out, std::string_view system, conversation messages) {
  bool first = true;
  for (auto const& m : messages) {
    if (m.assistant) {
      (out << " " << trimmed(m.text) << " ").eos();
      continue;
    }
    std::string text(m.text);
    if (first && !system.empty()) text = "<<SYS>>\n" + std::string(trimmed(system)) + "\n<</SYS>>\n\n" + text;
    out.bos() << "[INST] " << trimmed(text) << " [/INST]";
    first = false;
  }
}

void write_llama3(chat_writer& out, std::string_view system, conversation messages) {
  auto const header = [&out](std::string_view role) -> chat_writer& {
    return (out.special("<|start_header_id|>") << role).special("<|end_header_id|>") << "\n\n";
  };
  out.bos();
  if (!system.empty()) (header("system") << trimmed(system)).special("<|eot_id|>");
  for (auto const& m : messages) (header(m.assistant ? "assistant" : "user") << trimmed(m.text)).special("<|eot_id|>");
  if (wants_reply(messages)) header("assistant");
}

void write_chatml(chat_writer& out, chat_format const& format, std::string_view system, conversation messages) {
  auto const write = [&](std::string_view role, std::string_view text) {
    out.special("<|im_start|>") << role << "\n" << (format.trim ? trimmed(text) : text);
    out.special("<|im_end|>") << "\n";
  };
  if (format.bos) out.bos();
  if (!system.empty()) write("system", system);
  for (auto const& m : messages) write(m.assistant ? "assistant" : "user", m.text);
  if (wants_reply(messages)) out.special("<|im_start|>") << "assistant\n";
}

void write_nanochat(chat_writer& out, std::string_view system, conversation messages) {
  out.bos();
  bool first = true;
  for (auto const& m : messages) {
    out.special(m.assistant ? "<|assistant_start|>" : "<|user_start|>");
    if (first && !system.empty()) out << system << "\n\n";
    out << m.text;
    out.special(m.assistant ? "<|assistant_end|>" : "<|user_end|>");
    first = false;
  }
  if (wants_reply(messages)) out.special("<|assistant_start|>");
}

void write_glm(chat_writer& out, chat_format const& format, std::string_view system, conversation messages) {
  auto const write = [&](std::string_view role, std::string_view text) {
    out.special(role) << "\n" << (format.trim ? trimmed(text) : text);
  };
  out.special("[gMASK]").special("<sop>");
  if (!system.empty()) write("<|system|>", system);
  for (auto const& m : messages) write(m.assistant ? "<|assistant|>" : "<|user|>", m.text);
  if (wants_reply(messages)) out.special("<|assistant|>") << (format.line ? "\n" : "");
}

int id_of(std::optional<int> id, std::string_view what) {
  if (!id) throw error("chat: the vocabulary has no " + std::string(what) + ", which the template needs");
  return *id;
}

}  // namespace

std::string_view name_of(chat_kind which) {
  for (auto const& [known, name] : names)
    if (known == which) return name;
  return which == chat_kind::none ? "none" : "unknown";
}

std::optional<chat_kind> chat_kind_named(std::string_view name) {
  for (auto const& [known, its_name] : names)
    if (its_name == name) return known;
  return std::nullopt;
}

std::vector<std::string> words_of(chat_format const& format) {
  if (format.kind == chat_kind::none) return {};
  std::vector<std::string> words{std::string(name_of(format.kind))};
  if (format.bos) words.emplace_back("bos");
  if (format.trim) words.emplace_back("trim");
  if (format.line) words.emplace_back("line");
  if (!format.system.empty()) words.push_back("system=" + format.system);
  if (!format.reason.empty()) words.push_back("reason=" + format.reason);
  return words;
}

chat_format chat_format_of(std::span<std::string const> words) {
  chat_format format;
  if (words.empty()) return format;
  format.kind = chat_kind_named(words.front()).value_or(chat_kind::unknown);
  for (std::string_view const word : words.subspan(1)) {
    if (word == "bos")
      format.bos = true;
    else if (word == "trim")
      format.trim = true;
    else if (word == "line")
      format.line = true;
    else if (word.starts_with("system="))
      format.system = word.substr(7);
    else if (word.starts_with("reason="))
      format.reason = word.substr(7);
    else
      throw error("chat: '" + std::string(word.substr(0, 40)) + "' is no word of a stored template");
  }
  return format;
}

chat_kind chat_kind_of(tokenizer const& text) {
  constexpr std::array telling{std::array<std::string_view, 2>{"<|user_start|>", "<|assistant_start|>"},
                               std::array<std::string_view, 2>{"<|start_header_id|>", "<|eot_id|>"},
                               std::array<std::string_view, 2>{"<|im_start|>", "<|im_end|>"},
                               std::array<std::string_view, 2>{"[gMASK]", "<|assistant|>"}};
  constexpr std::array kinds{chat_kind::nanochat, chat_kind::llama3, chat_kind::chatml, chat_kind::glm};
  for (std::size_t i = 0; i < telling.size(); ++i)
    if (std::ranges::all_of(telling[i], [&](std::string_view token) { return text.find(token).has_value(); }))
      return kinds[i];
  return chat_kind::none;
}

std::vector<chat_piece> render_chat(chat_format const& format, std::string_view system, conversation messages) {
  if (system.empty()) system = format.system;
  chat_writer out;
  switch (format.kind) {
    case chat_kind::llama2: write_llama2(out, system, messages); break;
    case chat_kind::llama3: write_llama3(out, system, messages); break;
    case chat_kind::chatml: write_chatml(out, format, system, messages); break;
    case chat_kind::nanochat: write_nanochat(out, system, messages); break;
    case chat_kind::glm: write_glm(out, format, system, messages); break;
    case chat_kind::unknown: throw error("chat: the template of the model is not supported: " + format.reason);
    case chat_kind::none: throw error("chat: the model has no template");
  }
  return out.take();
}

std::vector<int> encode_chat(std::span<chat_piece const> pieces, tokenizer const& text) {
  std::vector<int> ids;
  for (auto const& p : pieces) {
    switch (p.what) {
      case kind::bos: ids.push_back(id_of(text.special().bos, "token that begins a text")); break;
      case kind::eos: ids.push_back(id_of(text.special().eos, "token that ends a text")); break;
      case kind::special: ids.push_back(id_of(text.find(p.text), "token " + p.text)); break;
      case kind::text: {
        auto const more = text.encode(p.text, {.add_special = false, .parse_special = false});
        ids.insert(ids.end(), more.begin(), more.end());
      }
    }
  }
  return ids;
}

std::vector<int> reply_ends(chat_format const& format, tokenizer const& text) {
  std::vector<int> ids;
  auto const add = [&](std::optional<int> id) {
    if (id) ids.push_back(*id);
  };
  add(text.special().eos);
  for (std::string_view const spelling :
       format.kind == chat_kind::llama3   ? std::vector<std::string_view>{"<|eot_id|>", "<|end_of_text|>", "<|eom_id|>"}
       : format.kind == chat_kind::chatml ? std::vector<std::string_view>{"<|im_end|>"}
       : format.kind == chat_kind::nanochat ? std::vector<std::string_view>{"<|assistant_end|>", "<|bos|>"}
       : format.kind == chat_kind::glm ? std::vector<std::string_view>{"<|user|>", "<|observation|>", "<|endoftext|>"}
                                       : std::vector<std::string_view>{})
    add(text.find(spelling));
  return ids;
}

}  // namespace constformer

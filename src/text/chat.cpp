#include "constformer/text/chat.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "constformer/core/error.hpp"

namespace constformer {

namespace {

using kind = chat_piece::kind;

constexpr std::array names{std::pair{chat_kind::llama2, std::string_view("llama2")},
                           std::pair{chat_kind::llama3, std::string_view("llama3")},
                           std::pair{chat_kind::chatml, std::string_view("chatml")},
                           std::pair{chat_kind::nanochat, std::string_view("nanochat")},
                           std::pair{chat_kind::glm, std::string_view("glm")},
                           std::pair{chat_kind::deepseek, std::string_view("deepseek")},
                           std::pair{chat_kind::chatglm, std::string_view("chatglm")}};

// The flags of a format by the words that stand for them.
constexpr std::array flags{
    std::pair{std::string_view("bos"), &chat_format::bos},
    std::pair{std::string_view("trim"), &chat_format::trim},
    std::pair{std::string_view("line"), &chat_format::line},
    std::pair{std::string_view("tight"), &chat_format::tight},
    std::pair{std::string_view("forgets"), &chat_format::forgets},
    std::pair{std::string_view("closes"), &chat_format::closes},
    std::pair{std::string_view("thinks_last"), &chat_format::thinks_last},
};

// Its texts by what stands before them.
constexpr std::array texts{
    std::pair{std::string_view("opening="), &chat_format::opening},
    std::pair{std::string_view("system="), &chat_format::system},
    std::pair{std::string_view("plain_system="), &chat_format::plain_system},
    std::pair{std::string_view("knowledge="), &chat_format::knowledge},
    std::pair{std::string_view("day="), &chat_format::day},
    std::pair{std::string_view("reason="), &chat_format::reason},
};
constexpr std::string_view round_word = "first_round=";
constexpr std::string_view thought_begin = "<think>", thought_end = "</think>";

// As Python's str.strip does it with ASCII; Jinja's trim is the same.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\r\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string_view without_first_lines(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  return text;
}

std::string_view without_lines(std::string_view text) {
  text = without_first_lines(text);
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

// What follows the last </think>, or all.
std::string_view without_thought(std::string_view text) {
  auto const end = text.rfind(thought_end);
  return end == std::string_view::npos ? text : text.substr(end + thought_end.size());
}

// What follows the first </think>, or all.
std::string_view without_first_thought(std::string_view text) {
  auto const end = text.find(thought_end);
  return end == std::string_view::npos ? text : text.substr(end + thought_end.size());
}

// What stands before the first </think>, behind the last <think> there; nothing if there is no </think>.
std::string_view thought_of(std::string_view text) {
  auto const end = text.find(thought_end);
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end);
  auto const begin = text.rfind(thought_begin);
  return begin == std::string_view::npos ? text : text.substr(begin + thought_begin.size());
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
  chat_writer& around() {
    pieces_.push_back({kind::around});
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

void write_llama3(chat_writer& out, chat_format const& format, std::string_view system, conversation messages) {
  auto const header = [&out](std::string_view role) -> chat_writer& {
    return (out.special("<|start_header_id|>") << role).special("<|end_header_id|>") << "\n\n";
  };
  out.bos();
  std::string dates;
  if (!format.knowledge.empty())
    dates = "Cutting Knowledge Date: " + format.knowledge + "\nToday Date: " + format.day + "\n\n";
  if (!system.empty() || !dates.empty()) (header("system") << dates << trimmed(system)).special("<|eot_id|>");
  for (auto const& m : messages) (header(m.assistant ? "assistant" : "user") << trimmed(m.text)).special("<|eot_id|>");
  if (wants_reply(messages)) header("assistant");
}

// What Qwen's templates show of a reply. Line ends behind a thought are left out with it; QwQ's leaves them out without
// a thought too.
std::string said_of(chat_format const& format, std::string_view reply, bool last) {
  auto const said = without_thought(reply);
  if (format.thinks_last && last)
    return "<think>\n" + std::string(without_lines(thought_of(reply))) + "\n</think>\n\n" +
           std::string(without_first_lines(said));
  bool const stays = format.thinks_last && said.size() == reply.size();
  return std::string(stays ? said : without_first_lines(said));
}

void write_chatml(chat_writer& out, chat_format const& format, std::string_view system, conversation messages) {
  auto const write = [&](std::string_view role, std::string_view text) {
    out.special("<|im_start|>") << role << "\n" << (format.trim ? trimmed(text) : text);
    out.special("<|im_end|>") << "\n";
  };
  if (format.bos) out.bos();
  if (!system.empty()) write("system", system);
  for (auto const& m : messages) {
    bool const last = &m == &messages.back();
    if (m.assistant && format.forgets)
      write("assistant", said_of(format, m.text, last));
    else
      write(m.assistant ? "assistant" : "user", m.text);
  }
  if (wants_reply(messages)) out.special("<|im_start|>") << "assistant\n" << format.opening;
}

std::string without(std::string text, std::string_view part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at)) text.erase(at, part.size());
  return text;
}

std::string without_last_blanks(std::string text) {
  text.resize(text.find_last_not_of(" \t\n\r\v\f") + 1);
  return text;
}

// What SmolLM3's templates do: whether thoughts are wanted, and the system message, is told in the latter.
class smollm3_system {
 public:
  explicit smollm3_system(std::string_view told)
      : plain_(told.find(no_thoughts) != std::string_view::npos),
        alone_(told.find(override_mark) != std::string_view::npos),
        words_(without_last_blanks(without(without(std::string(told), no_thoughts), thoughts))) {}

  [[nodiscard]] bool plain() const { return plain_; }

  void write(chat_writer& out, chat_format const& format) const {
    out.special("<|im_start|>") << "system\n";
    if (alone_) {
      (out << without_last_blanks(without(words_, override_mark))).special("<|im_end|>") << "\n";
      return;
    }
    out << "## Metadata\n\nKnowledge Cutoff Date: " << format.knowledge << "\nToday Date: " << format.day
        << "\nReasoning Mode: " << (plain_ ? no_thoughts : thoughts) << "\n\n## Custom Instructions\n\n"
        << (!words_.empty() ? words_
            : plain_        ? format.plain_system
                            : format.system)
        << "\n\n";
  }

 private:
  static constexpr std::string_view no_thoughts = "/no_think", thoughts = "/think", override_mark = "/system_override";
  bool plain_, alone_;
  std::string words_;
};

void write_smollm3(chat_writer& out, chat_format const& format, std::string_view told, conversation messages) {
  smollm3_system const system(told);
  std::string_view const opening = system.plain() ? "<think>\n\n</think>\n" : "";
  system.write(out, format);
  for (auto const& m : messages) {
    out.special("<|im_start|>") << (m.assistant ? "assistant\n" : "user\n");
    if (m.assistant) out << opening;
    (out << (m.assistant ? without_first_lines(m.text) : m.text)).special("<|im_end|>") << "\n";
  }
  if (wants_reply(messages)) out.special("<|im_start|>") << "assistant\n" << opening;
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

void write_deepseek(chat_writer& out, chat_format const& format, std::string_view system, conversation messages) {
  out.bos() << system;
  for (auto const& m : messages) {
    if (m.assistant && format.closes)
      (out.special("<｜Assistant｜>") << format.opening << without_first_thought(m.text))
          .special("<｜end▁of▁sentence｜>");
    else if (m.assistant)
      (out.special("<｜Assistant｜>") << (format.forgets ? without_thought(m.text) : m.text))
          .special("<｜end▁of▁sentence｜>");
    else
      out.special("<｜User｜>") << m.text;
  }
  if (wants_reply(messages)) out.special("<｜Assistant｜>") << format.opening;
}

void write_chatglm(chat_writer& out, chat_format const& format, conversation messages) {
  std::string_view const gap = format.tight ? "\n" : "\n\n";
  out.around();
  int round = format.first_round;
  for (auto const& m : messages) {
    if (m.assistant)
      out << gap << "答：" << m.text << (&m == &messages.back() ? "" : gap);
    else
      out << "[Round " << std::to_string(round++) << "]" << gap << "问：" << m.text;
  }
  if (wants_reply(messages)) out << gap << "答：";
}

bool take_word(chat_format& format, std::string_view word) {
  for (auto const& [name, flag] : flags)
    if (word == name) return format.*flag = true;
  for (auto const& [begin, text] : texts)
    if (word.starts_with(begin)) {
      format.*text = word.substr(begin.size());
      return true;
    }
  if (!word.starts_with(round_word)) return false;
  word.remove_prefix(round_word.size());
  auto const [end, failed] = std::from_chars(word.data(), word.data() + word.size(), format.first_round);
  return failed == std::errc() && end == word.data() + word.size() &&
         (format.first_round == 0 || format.first_round == 1);
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
  for (auto const& [word, flag] : flags)
    if (format.*flag) words.emplace_back(word);
  for (auto const& [begin, text] : texts)
    if (!(format.*text).empty()) words.push_back(std::string(begin) + format.*text);
  if (format.first_round != 1) words.push_back(std::string(round_word) + std::to_string(format.first_round));
  return words;
}

chat_format chat_format_of(std::span<std::string const> words) {
  chat_format format;
  if (words.empty()) return format;
  format.kind = chat_kind_named(words.front()).value_or(chat_kind::unknown);
  for (std::string_view const word : words.subspan(1))
    if (!take_word(format, word))
      throw error("chat: '" + std::string(word.substr(0, 40)) + "' is no word of a stored template");
  return format;
}

chat_kind chat_kind_of(tokenizer const& text) {
  constexpr std::array telling{std::array<std::string_view, 2>{"<|user_start|>", "<|assistant_start|>"},
                               std::array<std::string_view, 2>{"<|start_header_id|>", "<|eot_id|>"},
                               std::array<std::string_view, 2>{"<|im_start|>", "<|im_end|>"},
                               std::array<std::string_view, 2>{"[gMASK]", "<|assistant|>"},
                               std::array<std::string_view, 2>{"<｜User｜>", "<｜Assistant｜>"}};
  constexpr std::array kinds{chat_kind::nanochat, chat_kind::llama3, chat_kind::chatml, chat_kind::glm,
                             chat_kind::deepseek};
  for (std::size_t i = 0; i < telling.size(); ++i)
    if (std::ranges::all_of(telling[i], [&](std::string_view token) { return text.find(token).has_value(); }))
      return kinds[i];
  return chat_kind::none;
}

std::vector<chat_piece> render_chat(chat_format const& format, std::string_view system, conversation messages) {
  chat_writer out;
  if (format.kind == chat_kind::chatml && !format.knowledge.empty()) {
    write_smollm3(out, format, system, messages);
    return out.take();
  }
  if (system.empty()) system = format.system;
  switch (format.kind) {
    case chat_kind::llama2: write_llama2(out, system, messages); break;
    case chat_kind::llama3: write_llama3(out, format, system, messages); break;
    case chat_kind::chatml: write_chatml(out, format, system, messages); break;
    case chat_kind::nanochat: write_nanochat(out, system, messages); break;
    case chat_kind::glm: write_glm(out, format, system, messages); break;
    case chat_kind::deepseek: write_deepseek(out, format, system, messages); break;
    case chat_kind::chatglm: write_chatglm(out, format, messages); break;
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
      case kind::around:
      case kind::text: {
        auto const more = text.encode(p.text, {.add_special = p.what == kind::around, .parse_special = false});
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
       : format.kind == chat_kind::deepseek ? std::vector<std::string_view>{"<｜end▁of▁sentence｜>"}
                                            : std::vector<std::string_view>{})
    add(text.find(spelling));
  return ids;
}

}  // namespace constformer

#include "constformer/text/chat.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"
#include "text/jinja/interpreter.hpp"
#include "text/jinja/parser.hpp"

namespace constformer {

namespace detail {

struct chat_template_tree {
  jinja::body body;
};

}  // namespace detail

namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view template_word = "template:", token_word = "token:";

json parsed(std::string const& text, std::string const& what) {
  json out = json::parse(text, nullptr, false);
  if (out.is_discarded()) throw error("chat: " + what + " is not JSON");
  return out;
}

json parsed_list(std::string const& text, std::string const& what) {
  json out = parsed(text, what);
  if (!out.is_array()) throw error("chat: " + what + " is not a JSON list");
  return out;
}

// Of fields that hold nothing transformers makes none, and it fills in the names that thoughts have had.
json normalised(json const& messages) {
  json out = json::array();
  for (auto const& message : messages) {
    if (!message.is_object()) throw error("chat: message " + std::to_string(out.size()) + " is not a JSON object");
    json kept = json::object();
    for (auto const& [name, held] : message.items())
      if (!held.is_null()) kept[name] = held;
    for (char const* const name : {"reasoning_content", "thinking", "reasoning"}) {
      if (!kept.contains(name)) continue;
      json const thought = kept[name];
      if (!kept.contains("thinking")) kept["thinking"] = thought;
      kept["reasoning_content"] = thought;
      break;
    }
    out.push_back(std::move(kept));
  }
  return out;
}

std::vector<text_range> told_ranges(jinja::marked_text const& text) {
  std::vector<text_range> out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!text.told(at)) continue;
    if (out.empty() || out.back().end != at) out.push_back({at, at});
    out.back().end = at + 1;
  }
  return out;
}

// The rendering from `begin` up to `end`.
rendered_chat part_of(rendered_chat const& chat, std::size_t begin, std::size_t end) {
  rendered_chat out{chat.text.substr(begin, end - begin), {}};
  for (auto const& r : chat.told) {
    auto const from = std::max(r.begin, begin), to = std::min(r.end, end);
    if (from < to) out.told.push_back({from - begin, to - begin});
  }
  return out;
}

bool is_told(rendered_chat const& chat, std::size_t begin, std::size_t end) {
  return !part_of(chat, begin, end).told.empty();
}

using role = std::pair<std::string_view, std::optional<int> special_tokens::*>;
constexpr std::array roles{role{"bos_token", &special_tokens::bos},  role{"eos_token", &special_tokens::eos},
                           role{"unk_token", &special_tokens::unk},  role{"sep_token", &special_tokens::sep},
                           role{"pad_token", &special_tokens::pad},  role{"cls_token", &special_tokens::cls},
                           role{"mask_token", &special_tokens::mask}};

// The first place of a token that a vocabulary has and does not find in text (llama2.c's, SentencePiece's own).
struct hidden_token {
  std::size_t begin = std::string::npos, size = 0;
  int id = 0;
};

hidden_token first_hidden(rendered_chat const& chat, std::span<std::pair<std::string, int> const> hidden) {
  hidden_token out;
  for (auto const& [spelling, id] : hidden) {
    auto at = chat.text.find(spelling);
    while (at != std::string::npos && is_told(chat, at, at + spelling.size())) at = chat.text.find(spelling, at + 1);
    if (at < out.begin) out = {at, spelling.size(), id};
  }
  return out;
}

std::vector<std::pair<std::string, int>> hidden_tokens(tokenizer const& text) {
  std::vector<std::pair<std::string, int>> out;
  for (auto const id : {text.special().bos, text.special().eos}) {
    if (!id) continue;
    std::string const spelling(text.piece(*id));
    if (spelling.empty()) continue;
    if (text.encode(spelling, {.add_special = false}) != std::vector{*id}) out.emplace_back(spelling, *id);
  }
  return out;
}

bool has_token_name(chat_templates const& templates, std::string_view name) {
  return std::ranges::any_of(templates.tokens, [&](auto const& token) { return token.first == name; });
}

}  // namespace

named_chat_template const* choose_chat_template(chat_templates const& templates, bool with_tools) {
  auto const named = [&](std::string_view name) -> named_chat_template const* {
    auto const found = std::ranges::find(templates.all, name, &named_chat_template::name);
    return found == templates.all.end() ? nullptr : &*found;
  };
  if (templates.all.empty()) return nullptr;
  if (with_tools)
    if (auto const* const tools = named("tool_use")) return tools;
  if (auto const* const usual = named("default")) return usual;
  throw error("chat: none of the checkpoint's templates is called default; the first is called '" +
              templates.all.front().name.substr(0, 40) + "'");
}

std::vector<std::string> words_of(chat_templates const& templates) {
  std::vector<std::string> words;
  if (templates.all.empty()) return words;
  for (auto const& [name, jinja] : templates.all) words.push_back(std::string(template_word) + name + "=" + jinja);
  for (auto const& [name, spelling] : templates.tokens)
    words.push_back(std::string(token_word) + name + "=" + spelling);
  return words;
}

chat_templates chat_templates_of(std::span<std::string const> words) {
  chat_templates out;
  for (std::string const& word : words) {
    auto const equals = word.find('=');
    bool const is_template = word.starts_with(template_word), is_token = word.starts_with(token_word);
    if (equals == std::string::npos || !(is_template || is_token))
      throw error("chat: '" + word.substr(0, 40) + "' is no word of a stored template");
    auto const begin = is_template ? template_word.size() : token_word.size();
    auto name = word.substr(begin, equals - begin), held = word.substr(equals + 1);
    if (is_template)
      out.all.push_back({std::move(name), std::move(held)});
    else
      out.tokens.emplace_back(std::move(name), std::move(held));
  }
  return out;
}

void add_token_names(chat_templates& templates, tokenizer const& text) {
  if (!templates.tokens.empty()) return;  // the checkpoint's files say which there are
  for (auto const& [name, which] : roles)
    if (auto const id = text.special().*which; id && !has_token_name(templates, name))
      templates.tokens.emplace_back(name, text.piece(*id));
}

chat_template::chat_template(std::string_view jinja)
    : tree_(new detail::chat_template_tree{jinja::parse_template(jinja)}) {}
chat_template::~chat_template() = default;
chat_template::chat_template(chat_template&&) noexcept = default;
chat_template& chat_template::operator=(chat_template&&) noexcept = default;

rendered_chat chat_template::render(chat_input const& input) const {
  jinja::input in{.trusted = {}, .told = {}, .now = input.now};
  for (auto const& [name, spelling] : input.tokens) in.trusted.emplace_back(name, spelling);
  in.told.emplace_back("messages", normalised(parsed_list(input.messages, "the list of messages")));
  in.told.emplace_back("tools", input.tools.empty() ? json() : parsed_list(input.tools, "the list of tools"));
  in.told.emplace_back("documents",
                       input.documents.empty() ? json() : parsed_list(input.documents, "the list of documents"));
  in.trusted.emplace_back("add_generation_prompt", input.add_generation_prompt);
  for (auto const& [name, value] : input.options) in.trusted.emplace_back(name, parsed(value, "the value of " + name));
  auto const out = jinja::render(tree_->body, in);
  return {std::string(out.view()), told_ranges(out)};
}

std::string chat_messages_json(std::span<chat_message const> messages) {
  json out = json::array();
  for (auto const& m : messages) out.push_back(json{{"role", m.role}, {"content", m.text}});
  return out.dump();
}

std::vector<int> encode_chat(rendered_chat const& chat, tokenizer const& text, bool add_special) {
  auto const hidden = hidden_tokens(text);
  std::vector<int> ids;
  for (std::size_t at = 0; at < chat.text.size();) {
    auto const rest = part_of(chat, at, chat.text.size());
    auto const next = first_hidden(rest, hidden);
    auto const part = part_of(rest, 0, std::min(next.begin, rest.text.size()));
    if (!part.text.empty()) {
      auto const more = text.encode(part.text, {.add_special = add_special && at == 0, .plain = part.told});
      ids.insert(ids.end(), more.begin(), more.end());
    }
    if (next.begin == std::string::npos) break;
    ids.push_back(next.id);
    at += next.begin + next.size;
  }
  return ids;
}

std::vector<int> reply_ends(chat_template const& format, chat_input const& input, tokenizer const& text) {
  std::vector<int> ids;
  auto const add = [&](std::optional<int> id) {
    if (id && std::ranges::find(ids, *id) == ids.end()) ids.push_back(*id);
  };
  add(text.special().eos ? text.special().eos : text.special().bos);
  constexpr std::string_view said = "Yes, of course";
  std::array const talk{chat_message{"user", "Is it?"}, chat_message{"assistant", std::string(said)},
                        chat_message{"user", "Then do."}};
  try {
    auto asked = input;
    asked.messages = chat_messages_json(talk);
    auto const chat = format.render(asked);
    auto const begin = chat.text.rfind(said);
    if (begin == std::string::npos) return ids;
    auto const behind = chat.text.find_first_not_of(" \t\r\n", begin + said.size());
    if (behind == std::string::npos) return ids;
    auto const more = encode_chat(part_of(chat, behind, chat.text.size()), text);
    if (!more.empty() && text.is_special(more.front())) add(more.front());
  } catch (error const&) {  // a template that refuses this conversation, or that needs more than texts
  }
  return ids;
}

}  // namespace constformer

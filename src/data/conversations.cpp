#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "constformer/core/error.hpp"
#include "constformer/text/chat.hpp"
#include "data/documents.hpp"

namespace constformer::data {

namespace {

using json = nlohmann::ordered_json;

// How a conversation is rendered.
class renderer {
 public:
  virtual ~renderer() = default;
  renderer(renderer const&) = delete;
  renderer& operator=(renderer const&) = delete;
  [[nodiscard]] virtual document render(json messages) const = 0;

 protected:
  renderer() = default;
};

std::string const& string_of(json const& object, char const* field, std::string const& what) {
  if (!object.is_object() || !object.contains(field) || !object[field].is_string())
    throw error(what + " has no " + field);
  return object[field].get_ref<std::string const&>();
}

std::string message(std::size_t i) { return "message " + std::to_string(i); }

// nanochat/tokenizer.py, render_conversation: parts are encoded each by itself, python's output is no target.
class nanochat_renderer final : public renderer {
 public:
  explicit nanochat_renderer(tokenizer const& text) : text_(text), bos_(first_token(text)) {}

  [[nodiscard]] document render(json messages) const override {
    join_system(messages);
    document out;
    out.add({bos_}, false);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      std::string const expected = i % 2 == 0 ? "user" : "assistant";
      if (std::string const role = string_of(messages[i], "role", message(i)); role != expected)
        throw error(message(i) + " is from " + role.substr(0, 40) + ", " + expected + " is expected");
      bool const reply = i % 2 == 1;
      add_marked(out, expected, reply, false, [&] { add_content(out, messages[i], i, reply); });
    }
    return out;
  }

 private:
  static void join_system(json& messages) {
    if (messages.empty() || string_of(messages[0], "role", message(0)) != "system") return;
    if (messages.size() < 2 || string_of(messages[1], "role", message(1)) != "user")
      throw error("the system's message is not followed by one of the user");
    messages[1]["content"] =
        string_of(messages[0], "content", message(0)) + "\n\n" + string_of(messages[1], "content", message(1));
    messages.erase(0);
  }

  template <class Content>
  void add_marked(document& out, std::string const& name, bool end_is_target, bool start_is_target,
                  Content const& content) const {
    out.add({token("<|" + name + "_start|>")}, start_is_target);
    content();
    out.add({token("<|" + name + "_end|>")}, end_is_target);
  }

  void add_content(document& out, json const& from, std::size_t i, bool reply) const {
    if (from.contains("content") && from["content"].is_array() && reply) {
      for (json const& part : from["content"]) add_part(out, part, i);
    } else {
      out.add(plain(string_of(from, "content", message(i))), reply);
    }
  }

  void add_part(document& out, json const& part, std::size_t i) const {
    std::string const what = "a part of " + message(i);
    auto const ids = plain(string_of(part, "text", what));
    std::string const type = string_of(part, "type", what);
    if (type == "text")
      out.add(ids, true);
    else if (type == "python")
      add_marked(out, "python", true, true, [&] { out.add(ids, true); });
    else if (type == "python_output")
      add_marked(out, "output", false, false, [&] { out.add(ids, false); });
    else
      throw error(what + " is of type " + type.substr(0, 40) + ", text, python or python_output is expected");
  }

  [[nodiscard]] std::vector<int> plain(std::string const& words) const {
    return text_.encode(words, {.add_special = false, .parse_special = false});
  }
  [[nodiscard]] int token(std::string const& name) const {
    if (auto const id = text_.find(name)) return *id;
    throw error("the vocabulary has no " + name);
  }

  tokenizer const& text_;
  int bos_;
};

// By a template: what it adds for a reply to what asked for it is the target.
class template_renderer final : public renderer {
 public:
  template_renderer(std::string_view jinja, tokenizer const& text) : text_(text), format_(jinja) {
    add_token_names(names_, text);
  }

  [[nodiscard]] document render(json messages) const override {
    auto const ids = encode_chat(rendered(messages, false), text_);
    document out;
    out.add(ids, false);
    json so_far = json::array();
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (string_of(messages[i], "role", message(i)) == "assistant") {
        std::size_t const begin = in_common(ids, encode_chat(rendered(so_far, true), text_));
        so_far.push_back(messages[i]);
        std::size_t const end = in_common(ids, encode_chat(without_white_end(rendered(so_far, false)), text_));
        std::fill(out.target.begin() + static_cast<std::ptrdiff_t>(begin),
                  out.target.begin() + static_cast<std::ptrdiff_t>(std::max(begin, end)), true);
      } else {
        so_far.push_back(messages[i]);
      }
    }
    return out;
  }

 private:
  [[nodiscard]] rendered_chat rendered(json const& messages, bool ask) const {
    return format_.render({.messages = messages.dump(), .add_generation_prompt = ask, .tokens = names_.tokens});
  }

  // White space behind the end of a reply is no part of it.
  static rendered_chat without_white_end(rendered_chat chat) {
    chat.text.erase(chat.text.find_last_not_of(" \t\r\n") + 1);
    for (text_range& r : chat.told) r.end = std::min(r.end, chat.text.size());
    std::erase_if(chat.told, [](text_range const& r) { return r.begin >= r.end; });
    return chat;
  }

  static std::size_t in_common(std::vector<int> const& a, std::vector<int> const& b) {
    return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  }

  tokenizer const& text_;
  chat_template format_;
  chat_templates names_;
};

// The built-in template of a format.
std::string_view jinja_of(data_options const& options, tokenizer const& text) {
  if (!options.chat_template.empty()) return options.chat_template;
  constexpr std::array names{"", "nanochat", "chatml", "llama2", "llama3"};
  built_in_chat_template const* const found =
      options.chat == chat_format::automatic
          ? built_in_chat_template_for(text)
          : find_built_in_chat_template(names[static_cast<std::size_t>(options.chat)]);
  if (found == nullptr)
    throw error("the " + std::to_string(text.vocab_size()) +
                " tokens of the vocabulary are those of no format of conversations; name one");
  for (std::string_view const need : found->needs)
    if (!text.find(need))
      throw error("conversations of " + std::string(found->name) + " need " + std::string(need) +
                  ", which the vocabulary does not have");
  return found->jinja;
}

std::unique_ptr<renderer> make_renderer(data_options const& options, tokenizer const& text) {
  std::string_view const jinja = jinja_of(options, text);
  if (jinja == find_built_in_chat_template("nanochat")->jinja) return std::make_unique<nanochat_renderer>(text);
  return std::make_unique<template_renderer>(jinja, text);
}

class conversations final : public document_reader {
 public:
  conversations(line_range lines, tokenizer const& text, data_options const& options)
      : lines_(std::move(lines)), renderer_(make_renderer(options, text)) {}

  [[nodiscard]] std::size_t size() const override { return lines_.size; }
  [[nodiscard]] std::string name() const override { return lines_.lines->name(); }

  [[nodiscard]] document read(std::size_t i) const override {
    std::size_t const at = lines_.first + i;
    try {
      return renderer_->render(messages_in((*lines_.lines)[at]));
    } catch (error const& problem) {
      throw error(lines_.lines->where(at) + ": " + problem.what());
    }
  }

 private:
  static json messages_in(std::string_view line) {
    json all = json::parse(line, nullptr, false);
    if (all.is_discarded()) throw error("this is not JSON");
    if (all.is_object() && all.contains("messages")) all = json(std::move(all["messages"]));
    if (!all.is_array() || all.empty()) throw error("a list of messages is expected");
    return all;
  }

  line_range lines_;
  std::unique_ptr<renderer> renderer_;
};

}  // namespace

std::unique_ptr<document_reader> read_conversations(line_range lines, tokenizer const& text,
                                                    data_options const& options) {
  return std::make_unique<conversations>(std::move(lines), text, options);
}

}  // namespace constformer::data

#include "chat_fields.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "generation_fields.hpp"
#include "json_writer.hpp"
#include "tool_fields.hpp"

namespace constformer::serve {

namespace {

constexpr std::array<std::string_view, 5> roles{"system", "user", "assistant", "tool", "developer"};

std::string role_of(json_value const& message) {
  auto const* role = message.find("role");
  if (role == nullptr || role->text() == nullptr)
    throw bad_request("messages: each message needs a role, which is a string", "messages");
  if (std::ranges::find(roles, *role->text()) == roles.end())
    throw bad_request("messages: the role '" + role->text()->substr(0, 40) +
                          "' is none of system, developer, user, assistant and tool",
                      "messages");
  return *role->text() == "developer" ? "system" : *role->text();
}

// A string, or parts that are texts.
std::string content_of(json_value const& message, bool may_lack) {
  auto const* content = message.find("content");
  if (content == nullptr || content->is_null()) {
    if (may_lack) return {};
    throw bad_request("messages: a message has no content", "messages");
  }
  if (auto const* text = content->text()) return *text;
  std::string out;
  for (auto const& part : array_of(*content, "messages")) {
    auto const* type = part.find("type");
    auto const* text = part.find("text");
    if (type == nullptr || type->text() == nullptr || *type->text() != "text" || text == nullptr)
      throw bad_request("messages: content must be a string or parts of type text", "messages");
    if (!out.empty()) out += '\n';
    out += text_of(*text, "messages");
  }
  return out;
}

void refuse_strangers(json_value const& message) {
  constexpr std::array<std::string_view, 8> known{"role",       "content",      "name",  "refusal",
                                                  "tool_calls", "tool_call_id", "audio", "function_call"};
  for (auto const& [name, value] : object_of(message, "messages")) {
    if (std::ranges::find(known, name) == known.end() && !value.is_null())
      throw bad_request("messages: the field " + name.substr(0, 100) + " of a message is not supported", "messages");
    if ((name == "audio" || name == "function_call") && !value.is_null())
      throw bad_request("messages: " + name + " is not supported", "messages");
  }
}

void write_message(json_writer& w, json_value const& message) {
  refuse_strangers(message);
  auto const role = role_of(message);
  auto const* calls = message.find("tool_calls");
  bool const has_calls = calls != nullptr && calls->array() != nullptr && !calls->array()->empty();
  w.begin_object().member("role", role).member("content", content_of(message, has_calls));
  if (has_calls) {
    w.key("tool_calls").begin_array();
    for (auto const& call : *calls->array()) write_call(w, call);
    w.end_array();
  }
  for (char const* name : {"tool_call_id", "name"})
    if (auto const* value = message.find(name); value != nullptr && !value->is_null())
      w.member(name, text_of(*value, "messages"));
  w.end_object();
}

}  // namespace

chat_conversation read_chat_input(json_value const& messages, served_model const& model, field_reader& fields) {
  if (!model.chat) throw bad_request(model.name + " was built from a checkpoint without a chat template", "messages");
  auto const& list = array_of(messages, "messages");
  if (list.empty()) throw bad_request("messages is empty", "messages");
  if (list.size() > most_messages) throw bad_request("messages has more than 4096 entries", "messages");
  json_writer w;
  w.begin_array();
  for (auto const& message : list) write_message(w, message);
  w.end_array();
  chat_conversation out{.input = {.messages = w.take(), .tokens = model.chat->tokens, .now = model.now()}};
  out.functions = read_tools(fields, model, out.input.tools);
  out.continues = fields.boolean("continue_final_message").value_or(false);
  auto const prompt = fields.boolean("add_generation_prompt");
  if (out.continues && prompt.value_or(false))
    throw bad_request("continue_final_message and add_generation_prompt exclude each other", "continue_final_message");
  out.input.add_generation_prompt = prompt.value_or(!out.continues);
  return out;
}

rendered_chat render_chat(served_model const& model, chat_conversation const& conversation) {
  try {
    bool const own = !conversation.input.tools.empty() && model.chat->tools->format;
    auto out = (own ? *model.chat->tools->format : model.chat->format).render(conversation.input);
    out.text += conversation.begun;
    // What a template writes behind the last message would end it.
    if (conversation.continues && !out.told.empty()) out.text.resize(out.told.back().end);
    return out;
  } catch (api_error const&) {
    throw;
  } catch (error const& refused) {
    throw bad_request(std::string("messages: the chat template refuses them: ") + refused.what(), "messages");
  }
}

std::vector<int> encode_chat(served_model const& model, chat_conversation const& conversation) {
  auto const rendered = render_chat(model, conversation);
  require_plausible(rendered.text, model, "messages");
  std::vector<int> ids;
  try {
    ids = constformer::encode_chat(rendered, *model.text, model.chat->framed);
  } catch (error const& refused) {
    throw bad_request(std::string("messages: ") + refused.what(), "messages");
  }
  if (ids.empty()) throw bad_request("messages: the chat template renders them as nothing", "messages");
  if (auto const bad = std::ranges::find_if(ids, [&](int id) { return id >= model.vocab; }); bad != ids.end())
    throw bad_request("the tokenizer gives id " + std::to_string(*bad) + ", which the model does not have", "messages");
  return ids;
}

}  // namespace constformer::serve

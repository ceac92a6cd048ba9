#include <string>

#include "chat_fields.hpp"
#include "json_writer.hpp"
#include "service.hpp"

namespace constformer::serve {

namespace {

constexpr std::size_t most_ids = 1 << 20;

std::vector<int> ids_of(service& all, field_reader& fields) {
  static_cast<void>(all.need_text("prompt"));
  if (auto const* messages = fields.find("messages")) {
    auto const input = read_chat_input(*messages, all.model, fields);
    return encode_chat(all.model, input);
  }
  auto const content = fields.text("content");
  auto const prompt = fields.text("prompt");
  if (content.has_value() == prompt.has_value())
    throw bad_request("one of prompt, content and messages is needed", "prompt");
  // vLLM's `prompt` has special tokens around it unless it is told otherwise, llama.cpp's `content` has none.
  bool const special =
      content ? fields.boolean("add_special").value_or(false) : fields.boolean("add_special_tokens").value_or(true);
  bool const parse = fields.boolean("parse_special").value_or(false);
  std::string_view const field = content ? "content" : "prompt";
  try {
    return all.model.text->encode(content ? *content : *prompt, {.add_special = special, .parse_special = parse});
  } catch (error const& refused) {
    throw bad_request(std::string(field) + ": " + refused.what(), field);
  }
}

}  // namespace

http_answer answer_tokenize(service& all, http_request const& request) {
  auto const body = parse_json(request.body);
  field_reader fields(body);
  require_model(fields, all.model);
  auto const ids = ids_of(all, fields);
  bool const pieces = fields.boolean("with_pieces").value_or(false);
  bool const strings = fields.boolean("return_token_strs").value_or(false);
  fields.refuse_rest();
  json_writer w;
  w.begin_object().member("count", ids.size()).member("max_model_len", all.model.capacity);
  w.key("tokens").begin_array();
  for (int const id : ids) {
    if (!pieces) {
      w.value(id);
      continue;
    }
    w.begin_object().member("id", id).key("piece");
    w.value(all.model.text->piece(id)).end_object();
  }
  w.end_array();
  if (strings) {
    w.key("token_strs").begin_array();
    for (int const id : ids) w.value(all.model.text->piece(id));
    w.end_array();
  }
  w.end_object();
  return {.body = w.take()};
}

http_answer answer_detokenize(service& all, http_request const& request) {
  auto const body = parse_json(request.body);
  field_reader fields(body);
  require_model(fields, all.model);
  auto const& text = all.need_text("tokens");
  auto const& list = array_of(fields.need("tokens"), "tokens");
  if (list.size() > most_ids) throw bad_request("tokens has more than 1048576 entries", "tokens");
  auto const ids = read_ids(list, "tokens", text.vocab_size());
  fields.refuse_rest();
  auto const decoded = text.decode(ids, {.skip_special = false});
  json_writer w;
  w.begin_object().member("prompt", decoded).member("content", decoded).end_object();
  return {.body = w.take()};
}

http_answer answer_apply_template(service& all, http_request const& request) {
  auto const body = parse_json(request.body);
  field_reader fields(body);
  require_model(fields, all.model);
  auto const input = read_chat_input(fields.need("messages"), all.model, fields);
  fields.refuse_rest();
  json_writer w;
  w.begin_object().member("prompt", render_chat(all.model, input).text).end_object();
  return {.body = w.take()};
}

}  // namespace constformer::serve

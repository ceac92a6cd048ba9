#include <string>
#include <utility>

#include "chat_fields.hpp"
#include "response_format.hpp"
#include "service.hpp"
#include "tool_fields.hpp"

namespace constformer::serve {

namespace {

int read_logprobs(field_reader& fields) {
  bool const wanted = fields.boolean("logprobs").value_or(false);
  auto const top = fields.integer("top_logprobs", 0, most_logprobs);
  if (top.value_or(0) > 0 && !wanted) throw bad_request("top_logprobs needs logprobs", "top_logprobs");
  return wanted ? static_cast<int>(top.value_or(0)) : -1;
}

}  // namespace

generation_task read_chat(service& all, http_request const& http) {
  auto const body = parse_json(http.body);
  field_reader fields(body);
  auto shared = read_generation_fields(fields, all.model, all.bounds());
  auto conversation = read_chat_input(fields.need("messages"), all.model, fields);
  auto const most_old = fields.integer("max_tokens", 1, all.model.capacity);
  auto const most_new = fields.integer("max_completion_tokens", 1, all.model.capacity);
  shared.request.logprobs = read_logprobs(fields);
  auto format = read_response_format(all, fields);
  auto calls = read_tool_choice(all, fields, conversation, std::move(format), shared.request);
  fields.refuse_rest();

  answer_wishes wishes{.logprobs = shared.request.logprobs,
                       .return_ids = shared.return_ids,
                       .include_usage = shared.include_usage,
                       .continuous_usage = shared.continuous_usage};
  if (wishes.logprobs >= 0) wishes.texts = all.texts();
  generation_task task;
  task.stream = shared.stream;
  int const most = static_cast<int>(most_new ? *most_new : most_old.value_or(0));
  task.prompts.push_back(complete_request(shared, all.model, encode_chat(all.model, conversation), most,
                                          all.model.chat->ends, most_new ? "max_completion_tokens" : "max_tokens"));
  task.sink = {.text = all.model.text,
               .stops = shared.stops,
               .goes_on = conversation.continues,
               .records = wishes.logprobs >= 0 || shared.return_ids || shared.continuous_usage,
               .measured = shared.stream,
               .spelled = calls ? all.model.chat->tools->spelled : std::vector<int>()};
  task.format = chat_answer_format(all.identity("chatcmpl-"), std::move(wishes), std::move(calls));
  return task;
}

}  // namespace constformer::serve

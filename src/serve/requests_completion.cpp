#include <algorithm>
#include <string>
#include <utility>

#include "response_format.hpp"
#include "service.hpp"

namespace constformer::serve {

namespace {

constexpr int default_tokens = 16;  // OpenAI's

struct completion_prompt {
  std::string text;
  std::vector<int> ids;
};

completion_prompt encode(service& all, std::string const& text) {
  auto const& tokens = all.need_text("prompt");
  completion_prompt out{text, encode_text(all.model, text, {}, "prompt")};
  if (out.ids.empty()) {
    if (!tokens.special().bos)
      throw bad_request("the prompt is empty and the vocabulary has no token that begins a text", "prompt");
    out.ids.push_back(*tokens.special().bos);
  }
  return out;
}

completion_prompt decode(service& all, std::vector<int> ids, bool wanted) {
  completion_prompt out{{}, std::move(ids)};
  if (out.ids.empty()) throw bad_request("the prompt is an empty list", "prompt");
  if (!wanted) return out;
  auto const& text = all.need_text("echo");
  for (int const id : out.ids)
    if (id >= text.vocab_size()) throw bad_request("echo: id " + std::to_string(id) + " has no text", "prompt");
  out.text = text.decode(out.ids);
  return out;
}

std::vector<completion_prompt> read_prompts(service& all, field_reader& fields, bool echo) {
  auto const& prompt = fields.need("prompt");
  if (auto const* text = prompt.text()) return {encode(all, *text)};
  auto const& list = array_of(prompt, "prompt");
  if (list.empty()) throw bad_request("the prompt is an empty list", "prompt");
  int const vocab = all.model.vocab;
  if (list.front().text() == nullptr && list.front().array() == nullptr)
    return {decode(all, read_ids(list, "prompt", vocab), echo)};
  if (list.size() > most_prompts)
    throw bad_request(
        "there are " + std::to_string(list.size()) + " prompts, at most " + std::to_string(most_prompts) + " are read",
        "prompt");
  std::vector<completion_prompt> out;
  for (auto const& one : list)
    out.push_back(one.text() != nullptr ? encode(all, *one.text())
                                        : decode(all, read_ids(array_of(one, "prompt"), "prompt", vocab), echo));
  return out;
}

// lm-eval and others ask for max_tokens 0 with echo: they want the prompt's log-probabilities alone.
int tokens_asked(field_reader& fields, bool echo, int capacity, int prompt, bool& only_echo) {
  auto const asked = fields.integer("max_tokens", echo ? 0 : 1, capacity);
  only_echo = asked && *asked == 0;
  if (only_echo) return 1;
  return asked ? static_cast<int>(*asked) : std::clamp(capacity - prompt + 1, 1, default_tokens);
}

}  // namespace

generation_task read_completion(service& all, http_request const& http) {
  auto const body = parse_json(http.body);
  field_reader fields(body);
  auto shared = read_generation_fields(fields, all.model, all.bounds());
  bool const echo = fields.boolean("echo").value_or(false);
  auto const logprobs = fields.integer("logprobs", 0, most_logprobs);
  if (auto const best = fields.integer("best_of", 1, most_choices); best && *best > shared.request.choices)
    throw bad_request("best_of is not supported beyond n", "best_of", "unsupported_parameter");
  auto prompts = read_prompts(all, fields, echo);
  if (auto format = read_response_format(all, fields)) constrain(all, shared.request, std::move(*format));

  answer_wishes wishes{.logprobs = static_cast<int>(logprobs.value_or(-1)),
                       .return_ids = shared.return_ids,
                       .include_usage = shared.include_usage,
                       .continuous_usage = shared.continuous_usage};
  if (logprobs) wishes.texts = all.texts();
  if (!shared.return_ids) static_cast<void>(all.need_text("prompt"));
  shared.request.logprobs = wishes.logprobs;
  shared.request.prompt_logprobs = echo && logprobs;

  generation_task task;
  task.stream = shared.stream;
  std::vector<echoed_prompt> echoed;
  bool only_echo = false;
  for (auto& prompt : prompts) {
    int const most = tokens_asked(fields, echo, all.model.capacity, static_cast<int>(prompt.ids.size()), only_echo);
    if (echo) echoed.push_back({prompt.text, prompt.ids});
    task.prompts.push_back(complete_request(shared, all.model, std::move(prompt.ids), most, {}, "max_tokens"));
  }
  fields.refuse_rest();
  task.sink = {.text = all.model.text,
               .stops = shared.stops,
               .goes_on = true,
               .records = logprobs || shared.return_ids || shared.continuous_usage,
               .measured = shared.stream};
  task.format =
      completion_format(all.identity("cmpl-"), std::move(wishes), std::move(echoed), shared.request.choices, only_echo);
  return task;
}

}  // namespace constformer::serve

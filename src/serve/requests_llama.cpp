#include <string>
#include <utility>

#include "response_format.hpp"
#include "service.hpp"

/// llama.cpp's own way of asking for text.
namespace constformer::serve {

namespace {

class llama_answer final : public answer_format {
 public:
  llama_answer(std::string model, int prompt, bool tokens, int logprobs, std::shared_ptr<token_texts const> texts)
      : model_(std::move(model)), prompt_(prompt), tokens_(tokens), logprobs_(logprobs), texts_(std::move(texts)) {}

  void prompt(prompt_piece const&) override {}

  void event(std::string& out, text_piece const& piece, answer_usage const& so_far) override {
    if (!piece.text.empty() || piece.token) {
      json_writer w;
      w.begin_object().member("index", piece.choice).member("content", piece.text);
      write_tokens(w, &piece.record, piece.token ? 1 : 0);
      w.member("stop", false).member("tokens_predicted", so_far.completion_tokens).member("tokens_evaluated", prompt_);
      append_event(out, w.end_object().text());
    }
    if (!piece.last) return;
    last_ = {.text = {}, .tokens = {}, .why = piece.why, .stop = piece.stop};
  }

  void end(std::string& out, answer_usage const& all) override { append_event(out, body(last_, all)); }

  std::string whole(std::vector<whole_choice> const& choices, answer_usage const& all) override {
    return body(choices.front(), all);
  }

 private:
  void write_tokens(json_writer& w, token_record const* records, std::size_t count) const {
    w.key("tokens").begin_array();
    if (tokens_)
      for (std::size_t i = 0; i < count; ++i) w.value(records[i].id);
    w.end_array();
    if (logprobs_ < 0) return;
    w.key("completion_probabilities").begin_array();
    for (std::size_t i = 0; i < count; ++i) {
      w.begin_object();
      write_token(w, records[i].id, records[i].logprob);
      w.key("top_logprobs").begin_array();
      for (auto const& [id, logprob] : records[i].top) {
        w.begin_object();
        write_token(w, id, logprob);
        w.end_object();
      }
      w.end_array().end_object();
    }
    w.end_array();
  }

  void write_token(json_writer& w, int id, float logprob) const {
    auto const text = (*texts_)[id];
    w.member("id", id).member("token", text).key("bytes").begin_array();
    for (char const byte : text) w.value(static_cast<int>(static_cast<unsigned char>(byte)));
    w.end_array().member("logprob", logprob);
  }

  std::string body(whole_choice const& choice, answer_usage const& all) const {
    json_writer w;
    w.begin_object().member("index", 0).member("content", choice.text);
    write_tokens(w, choice.tokens.data(), choice.tokens.size());
    w.member("stop", true).member("model", model_);
    w.member("tokens_predicted", all.completion_tokens).member("tokens_evaluated", all.prompt_tokens);
    w.member("tokens_cached", all.cached_tokens).member("truncated", false);
    w.member("stop_type", choice.why == finish_reason::length ? "limit" : choice.stop.empty() ? "eos" : "word");
    w.member("stopping_word", choice.stop);
    w.key("timings").begin_object().member("prompt_n", all.prompt_tokens - all.cached_tokens);
    w.member("prompt_ms", all.prefill_seconds * 1e3).member("predicted_n", all.completion_tokens);
    w.member("predicted_ms", all.decode_seconds * 1e3).end_object().end_object();
    return w.take();
  }

  std::string model_;
  int prompt_;
  bool tokens_;
  int logprobs_;
  std::shared_ptr<token_texts const> texts_;
  whole_choice last_;
};

std::vector<int> read_prompt(service& all, field_reader& fields) {
  auto const& prompt = fields.need("prompt");
  if (auto const* list = prompt.array()) {
    if (list->empty()) throw bad_request("the prompt is an empty list", "prompt");
    return read_ids(*list, "prompt", all.model.vocab);
  }
  auto const& text = text_of(prompt, "prompt");
  auto const& tokens = all.need_text("prompt");
  auto ids = encode_text(all.model, text, {}, "prompt");
  if (ids.empty() && tokens.special().bos) ids.push_back(*tokens.special().bos);
  if (ids.empty()) throw bad_request("the prompt is empty", "prompt");
  return ids;
}

}  // namespace

generation_task read_llama_completion(service& all, http_request const& http) {
  auto const body = parse_json(http.body);
  field_reader fields(body);
  auto shared = read_generation_fields(fields, all.model, all.bounds());
  if (shared.request.choices != 1) throw bad_request("n is not supported at /completion", "n");
  auto ids = read_prompt(all, fields);
  auto const most = fields.integer("n_predict", -1, all.model.capacity);
  auto const probabilities = fields.integer("n_probs", 0, most_logprobs).value_or(0);
  bool const tokens = fields.boolean("return_tokens").value_or(false);
  if (auto format = read_response_format(all, fields)) constrain(all, shared.request, std::move(*format));
  fields.refuse_rest();
  shared.request.logprobs = probabilities > 0 ? static_cast<int>(probabilities) : -1;

  int const prompt = static_cast<int>(ids.size());
  generation_task task;
  task.stream = shared.stream;
  task.marks_end = false;
  task.prompts.push_back(complete_request(shared, all.model, std::move(ids),
                                          std::max(static_cast<int>(most.value_or(0)), 0), {}, "n_predict"));
  task.sink = {.text = all.model.text,
               .stops = shared.stops,
               .goes_on = true,
               .records = probabilities > 0 || tokens,
               .measured = shared.stream};
  task.format = std::make_unique<llama_answer>(all.model.name, prompt, tokens, shared.request.logprobs,
                                               probabilities > 0 ? all.texts() : nullptr);
  return task;
}

}  // namespace constformer::serve

#include <utility>

#include "openai_format.hpp"

namespace constformer::serve {

namespace {

class chat_answer final : public answer_format {
 public:
  chat_answer(answer_identity identity, answer_wishes wishes)
      : identity_(std::move(identity)), wishes_(std::move(wishes)) {}

  void prompt(prompt_piece const&) override {}

  // The first delta of a choice comes together with its first token: clients measure the time to it.
  void event(std::string& out, text_piece const& piece, answer_usage const& so_far) override {
    auto const i = static_cast<std::size_t>(piece.choice);
    if (begun_.size() <= i) begun_.resize(i + 1);
    if (!begun_[i]) {
      begun_[i] = true;
      auto w = begin("chat.completion.chunk");
      open_choice(w, piece.choice).key("delta").begin_object().member("role", "assistant").member("content", "");
      w.end_object();
      close_choice(out, w, nullptr, so_far);
    }
    if (!piece.text.empty() || piece.token) {
      auto w = begin("chat.completion.chunk");
      open_choice(w, piece.choice).key("delta").begin_object().member("content", piece.text).end_object();
      write_logprobs(w, piece.token ? &piece.record : nullptr, piece.token ? 1 : 0);
      if (wishes_.return_ids && piece.token) w.key("token_ids").begin_array().value(piece.record.id).end_array();
      close_choice(out, w, nullptr, so_far);
    }
    if (!piece.last) return;
    auto w = begin("chat.completion.chunk");
    open_choice(w, piece.choice).key("delta").begin_object().end_object();
    close_choice(out, w, &piece, so_far);
  }

  void end(std::string& out, answer_usage const& all) override {
    if (!wishes_.include_usage) return;
    auto w = begin("chat.completion.chunk");
    w.key("choices").begin_array().end_array();
    write_usage(w, all);
    append_event(out, w.end_object().text());
  }

  std::string whole(std::vector<whole_choice> const& choices, answer_usage const& all) override {
    auto w = begin("chat.completion");
    w.key("choices").begin_array();
    for (std::size_t i = 0; i < choices.size(); ++i) {
      auto const& choice = choices[i];
      w.begin_object().member("index", i).key("message").begin_object();
      w.member("role", "assistant").member("content", choice.text).key("refusal").null().end_object();
      write_logprobs(w, choice.tokens.data(), choice.tokens.size());
      if (wishes_.return_ids) {
        w.key("token_ids").begin_array();
        for (auto const& token : choice.tokens) w.value(token.id);
        w.end_array();
      }
      w.member("finish_reason", name_of(choice.why)).end_object();
    }
    w.end_array();
    write_usage(w, all);
    return w.end_object().take();
  }

 private:
  json_writer begin(std::string_view object) const {
    json_writer w;
    w.begin_object().member("id", identity_.id).member("object", object);
    w.member("created", identity_.created).member("model", identity_.model);
    w.member("system_fingerprint", identity_.fingerprint);
    return w;
  }

  static json_writer& open_choice(json_writer& w, int index) {
    return w.key("choices").begin_array().begin_object().member("index", index);
  }

  void close_choice(std::string& out, json_writer& w, text_piece const* last, answer_usage const& so_far) const {
    w.key("finish_reason");
    if (last != nullptr)
      w.value(name_of(last->why));
    else
      w.null();
    w.end_object().end_array();
    if (wishes_.continuous_usage) write_usage(w, so_far);
    append_event(out, w.end_object().text());
  }

  void write_token(json_writer& w, int id, float logprob) const {
    auto const text = (*wishes_.texts)[id];
    w.member("token", text).member("logprob", logprob).key("bytes").begin_array();
    for (char const byte : text) w.value(static_cast<int>(static_cast<unsigned char>(byte)));
    w.end_array();
  }

  void write_logprobs(json_writer& w, token_record const* tokens, std::size_t count) const {
    w.key("logprobs");
    if (wishes_.logprobs < 0) {
      w.null();
      return;
    }
    w.begin_object().key("content").begin_array();
    for (std::size_t i = 0; i < count; ++i) {
      w.begin_object();
      write_token(w, tokens[i].id, tokens[i].logprob);
      w.key("top_logprobs").begin_array();
      for (auto const& [id, logprob] : tokens[i].top) {
        w.begin_object();
        write_token(w, id, logprob);
        w.end_object();
      }
      w.end_array().end_object();
    }
    w.end_array().key("refusal").null().end_object();
  }

  answer_identity identity_;
  answer_wishes wishes_;
  std::vector<bool> begun_;  // of each choice, streaming
};

}  // namespace

std::unique_ptr<answer_format> chat_answer_format(answer_identity identity, answer_wishes wishes) {
  return std::make_unique<chat_answer>(std::move(identity), std::move(wishes));
}

}  // namespace constformer::serve

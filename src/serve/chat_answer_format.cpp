#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "openai_format.hpp"
#include "random_seed.hpp"

namespace constformer::serve {

namespace {

// A call, put together.
struct whole_call {
  std::string id;
  std::string name;
  std::string arguments;
};

class chat_answer final : public answer_format {
 public:
  chat_answer(answer_identity identity, answer_wishes wishes, std::optional<expected_calls> calls)
      : identity_(std::move(identity)), wishes_(std::move(wishes)), expected_(std::move(calls)) {}

  void prompt(prompt_piece const&) override {}

  // The first delta of a choice comes together with its first token: clients measure the time to it.
  void event(std::string& out, text_piece const& piece, answer_usage const& so_far) override {
    auto const i = static_cast<std::size_t>(piece.choice);
    while (begun_.size() <= i) begun_.push_back({.reader = reader()});
    auto& choice = begun_[i];
    if (!choice.begun) {
      choice.begun = true;
      auto w = begin("chat.completion.chunk");
      open_choice(w, piece.choice).key("delta").begin_object().member("role", "assistant").member("content", "");
      w.end_object();
      close_choice(out, w, {}, so_far);
    }
    token_record const* token = piece.token ? &piece.record : nullptr;
    for (auto const& news : read(choice.reader, piece.text, piece.last)) {
      write_delta(out, piece.choice, news, token, so_far);
      token = nullptr;
    }
    if (token != nullptr) write_delta(out, piece.choice, {call_news::kind::content, {}}, token, so_far);
    if (!piece.last) return;
    auto w = begin("chat.completion.chunk");
    open_choice(w, piece.choice).key("delta").begin_object().end_object();
    close_choice(out, w, reason_of(piece.why, choice.reader && choice.reader->calls() > 0), so_far);
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
      bool const calls = write_message(w, choice.text);
      w.end_object();
      write_logprobs(w, choice.tokens.data(), choice.tokens.size());
      if (wishes_.return_ids) {
        w.key("token_ids").begin_array();
        for (auto const& token : choice.tokens) w.value(token.id);
        w.end_array();
      }
      w.member("finish_reason", reason_of(choice.why, calls)).end_object();
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

  // `why`: empty while it goes on.
  void close_choice(std::string& out, json_writer& w, std::string_view why, answer_usage const& so_far) const {
    w.key("finish_reason");
    if (!why.empty())
      w.value(why);
    else
      w.null();
    w.end_object().end_array();
    if (wishes_.continuous_usage) write_usage(w, so_far);
    append_event(out, w.end_object().text());
  }

  static std::string_view reason_of(finish_reason why, bool calls) {
    return calls && why == finish_reason::stop ? std::string_view("tool_calls") : name_of(why);
  }

  [[nodiscard]] std::unique_ptr<call_reader> reader() const {
    return expected_ ? std::make_unique<call_reader>(*expected_) : nullptr;
  }

  static std::vector<call_news> read(std::unique_ptr<call_reader> const& reader, std::string const& text, bool last) {
    std::vector<call_news> out;
    if (reader == nullptr) {
      if (!text.empty()) out.push_back({call_news::kind::content, text});
      return out;
    }
    reader->push(text, out);
    if (last) reader->finish(out);
    return out;
  }

  // Mistral's templates take ids of nine letters and digits alone.
  [[nodiscard]] std::string new_id() const {
    constexpr char const* letters = "0123456789abcdefghijklmnopqrstuv";
    bool const nine = expected_->style == call_style::listed || expected_->style == call_style::named;
    std::string id = nine ? "" : "call_";
    auto bits = random_seed();
    for (int i = 0; i < (nine ? 9 : 12); ++i, bits >>= 5) id += letters[bits & 31];
    return id;
  }

  void write_delta(std::string& out, int index, call_news const& news, token_record const* token,
                   answer_usage const& so_far) const {
    auto w = begin("chat.completion.chunk");
    open_choice(w, index).key("delta").begin_object();
    if (news.what == call_news::kind::content) {
      w.member("content", news.text);
    } else {
      w.key("tool_calls").begin_array().begin_object().member("index", news.call);
      if (news.what == call_news::kind::call) w.member("id", new_id()).member("type", "function");
      w.key("function").begin_object();
      if (news.what == call_news::kind::call) w.member("name", news.text);
      w.member("arguments", news.what == call_news::kind::call ? std::string() : news.text);
      w.end_object().end_object().end_array();
    }
    w.end_object();
    write_logprobs(w, token, token != nullptr ? 1 : 0);
    if (wishes_.return_ids && token != nullptr) w.key("token_ids").begin_array().value(token->id).end_array();
    close_choice(out, w, {}, so_far);
  }

  // True if there are calls in it.
  bool write_message(json_writer& w, std::string const& text) const {
    std::string content;
    std::vector<whole_call> calls;
    for (auto& news : read(reader(), text, true)) {
      if (news.what == call_news::kind::content) content += news.text;
      if (news.what == call_news::kind::call) calls.push_back({new_id(), std::move(news.text), {}});
      if (news.what == call_news::kind::arguments) calls.back().arguments += news.text;
    }
    w.member("role", "assistant").key("content");
    if (content.empty() && !calls.empty())
      w.null();
    else
      w.value(content);
    w.key("refusal").null();
    if (calls.empty()) return false;
    w.key("tool_calls").begin_array();
    for (auto const& call : calls) {
      w.begin_object().member("id", call.id).member("type", "function").key("function").begin_object();
      w.member("name", call.name).member("arguments", call.arguments).end_object().end_object();
    }
    w.end_array();
    return true;
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
  std::optional<expected_calls> expected_;
  struct begun_choice {
    bool begun = false;
    std::unique_ptr<call_reader> reader;
  };
  std::vector<begun_choice> begun_;  // streaming
};

}  // namespace

std::unique_ptr<answer_format> chat_answer_format(answer_identity identity, answer_wishes wishes,
                                                  std::optional<expected_calls> calls) {
  return std::make_unique<chat_answer>(std::move(identity), std::move(wishes), std::move(calls));
}

}  // namespace constformer::serve

#include <algorithm>
#include <utility>

#include "../text/utf8.hpp"
#include "openai_format.hpp"

namespace constformer::serve {

namespace {

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !text::is_continuation(c); }));
}

// The four lists of "logprobs"; offsets count characters.
class logprob_lists {
 public:
  explicit logprob_lists(token_texts const& texts) : texts_(texts) {}

  void add(token_record const& token, bool scored) {
    tokens_.push_back(token);
    scored_.push_back(scored);
  }

  void write(json_writer& out, std::size_t& offset) const {
    out.key("logprobs").begin_object();
    list(out, "tokens", [&](std::size_t i) { out.value(texts_[tokens_[i].id]); });
    list(out, "token_logprobs", [&](std::size_t i) { scored_[i] ? out.value(tokens_[i].logprob) : out.null(); });
    list(out, "top_logprobs", [&](std::size_t i) { likeliest(out, i); });
    list(out, "text_offset", [&](std::size_t i) {
      out.value(offset);
      offset += count_characters(texts_[tokens_[i].id]);
    });
    out.end_object();
  }

 private:
  template <class Write>
  void list(json_writer& out, std::string_view name, Write const& write) const {
    out.key(name).begin_array();
    for (std::size_t i = 0; i < tokens_.size(); ++i) write(i);
    out.end_array();
  }

  // The likeliest and the one that was chosen, each text once.
  void likeliest(json_writer& out, std::size_t i) const {
    if (!scored_[i]) {
      out.null();
      return;
    }
    auto const& token = tokens_[i];
    std::vector<std::string_view> written;
    auto const put = [&](int id, float logprob) {
      auto const text = texts_[id];
      if (std::ranges::find(written, text) != written.end()) return;
      written.push_back(text);
      out.key(printable(text)).value(logprob);
    };
    out.begin_object();
    put(token.id, token.logprob);
    for (auto const& [id, logprob] : token.top) put(id, logprob);
    out.end_object();
  }

  static std::string printable(std::string_view bytes) {
    std::string out;
    text::append_replaced(out, bytes);
    return out;
  }

  token_texts const& texts_;
  std::vector<token_record> tokens_;
  std::vector<bool> scored_;
};

class completion_answer final : public answer_format {
 public:
  completion_answer(answer_identity identity, answer_wishes wishes, std::vector<echoed_prompt> echo, int choices,
                    bool only_echo)
      : identity_(std::move(identity)),
        wishes_(std::move(wishes)),
        echo_(std::move(echo)),
        records_(echo_.size()),
        choices_(choices),
        only_echo_(only_echo) {}

  void prompt(prompt_piece const& piece) override {
    records_[static_cast<std::size_t>(piece.prompt)].push_back(piece.record);
  }

  void event(std::string& out, text_piece const& piece, answer_usage const& so_far) override {
    auto& offset = offset_of(piece.choice);
    bool const first =
        begun_.size() <= static_cast<std::size_t>(piece.choice) || !begun_[static_cast<std::size_t>(piece.choice)];
    if (first) begun_.resize(std::max(begun_.size(), static_cast<std::size_t>(piece.choice) + 1));
    begun_[static_cast<std::size_t>(piece.choice)] = true;
    auto w = begin();
    w.key("choices").begin_array().begin_object().member("index", piece.choice);
    auto const echo = first ? echoed(piece.choice) : nullptr;
    w.member("text", (echo != nullptr ? echo->text : std::string()) + (only_echo_ ? std::string() : piece.text));
    if (wishes_.logprobs >= 0 && (piece.token || echo != nullptr)) {
      logprob_lists lists(*wishes_.texts);
      if (echo != nullptr) add_prompt(lists, piece.choice);
      if (piece.token && !only_echo_) lists.add(piece.record, true);
      lists.write(w, offset);
    } else {
      w.key("logprobs").null();
    }
    if (wishes_.return_ids) {
      w.key("token_ids").begin_array();
      if (piece.token) w.value(piece.record.id);
      w.end_array();
    }
    finish(w, piece.last, piece.why);
    w.end_object().end_array();
    if (wishes_.continuous_usage) write_usage(w, so_far);
    append_event(out, w.end_object().text());
  }

  void end(std::string& out, answer_usage const& all) override {
    if (!wishes_.include_usage) return;
    auto w = begin();
    w.key("choices").begin_array().end_array();
    write_usage(w, all);
    append_event(out, w.end_object().text());
  }

  std::string whole(std::vector<whole_choice> const& choices, answer_usage const& all) override {
    auto w = begin();
    w.key("choices").begin_array();
    for (std::size_t i = 0; i < choices.size(); ++i) write(w, static_cast<int>(i), choices[i]);
    w.end_array();
    write_usage(w, all);
    return w.end_object().take();
  }

 private:
  json_writer begin() const {
    json_writer w;
    w.begin_object().member("id", identity_.id).member("object", "text_completion");
    w.member("created", identity_.created).member("model", identity_.model);
    w.member("system_fingerprint", identity_.fingerprint);
    return w;
  }

  void write(json_writer& w, int index, whole_choice const& choice) {
    auto const* echo = echoed(index);
    w.begin_object().member("index", index);
    w.member("text", (echo != nullptr ? echo->text : std::string()) + (only_echo_ ? std::string() : choice.text));
    if (wishes_.logprobs >= 0) {
      logprob_lists lists(*wishes_.texts);
      if (echo != nullptr) add_prompt(lists, index);
      if (!only_echo_)
        for (auto const& token : choice.tokens) lists.add(token, true);
      std::size_t offset = 0;
      lists.write(w, offset);
    } else {
      w.key("logprobs").null();
    }
    if (wishes_.return_ids) {
      w.key("token_ids").begin_array();
      for (auto const& token : choice.tokens) w.value(token.id);
      w.end_array();
    }
    finish(w, true, choice.why);
    w.end_object();
  }

  static void finish(json_writer& w, bool last, finish_reason why) {
    w.key("finish_reason");
    if (last)
      w.value(name_of(why));
    else
      w.null();
  }

  echoed_prompt const* echoed(int choice) const {
    return echo_.empty() ? nullptr : &echo_[static_cast<std::size_t>(choice / choices_)];
  }

  // The first token of a prompt follows nothing.
  void add_prompt(logprob_lists& lists, int choice) const {
    auto const prompt = static_cast<std::size_t>(choice / choices_);
    lists.add({echo_[prompt].ids.front(), 0, {}}, false);
    for (auto const& record : records_[prompt]) lists.add(record, true);
  }

  std::size_t& offset_of(int choice) {
    auto const i = static_cast<std::size_t>(choice);
    if (offsets_.size() <= i) offsets_.resize(i + 1);
    return offsets_[i];
  }

  answer_identity identity_;
  answer_wishes wishes_;
  std::vector<echoed_prompt> echo_;                 // of each prompt; empty: none
  std::vector<std::vector<token_record>> records_;  // of each prompt that is echoed
  int choices_;
  bool only_echo_;
  std::vector<std::size_t> offsets_;  // of each choice, streaming
  std::vector<bool> begun_;
};

}  // namespace

std::unique_ptr<answer_format> completion_format(answer_identity identity, answer_wishes wishes,
                                                 std::vector<echoed_prompt> echo, int choices, bool only_echo) {
  return std::make_unique<completion_answer>(std::move(identity), std::move(wishes), std::move(echo), choices,
                                             only_echo);
}

}  // namespace constformer::serve

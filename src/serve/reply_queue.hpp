#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "constformer/text/tokenizer.hpp"
#include "engine.hpp"
#include "stop_text.hpp"
#include "wake_up.hpp"

namespace constformer::serve {

/// A token with its log-probability and the likeliest ones.
struct token_record {
  int id = -1;
  float logprob = 0;
  std::vector<scored_id> top;
};

/// What came of a choice: at most one token, the text that may be shown after it, and its end.
struct text_piece {
  int choice = 0;      ///< of all prompts: prompt · choices + choice
  std::string text;    ///< whole characters, no stop string and no beginning of one
  bool token = false;  ///< `record` counts
  token_record record;
  bool last = false;
  finish_reason why = finish_reason::stop;
  std::string stop{};  ///< the stop string that ended it, if one did
};

/// A token of a prompt.
struct prompt_piece {
  int prompt;
  int position;
  token_record record;
};

/// How a request failed.
struct reply_failure {
  std::string why;
  failure kind;
};

/// What is between the compute thread and a connection: pieces of text in one direction, room in the other.
class reply_queue {
 public:
  /// `eager`: each piece wakes the connection; otherwise only what ends a request does.
  reply_queue(boost::asio::io_context& io, bool eager) : wake_(std::make_shared<wake_up>(io)), eager_(eager) {}

  struct batch {
    std::vector<text_piece> pieces;
    std::vector<prompt_piece> prompt;
    std::vector<usage> finished;  ///< requests that ended well
    std::optional<reply_failure> failed;
  };

  /// Takes what has come.
  [[nodiscard]] batch take();
  /// These bytes have been sent.
  void sent(std::size_t bytes) { pending_ -= static_cast<std::ptrdiff_t>(bytes); }
  [[nodiscard]] wake_up& wake() { return *wake_; }
  [[nodiscard]] std::shared_ptr<wake_up> const& shared_wake() const { return wake_; }

  void put(text_piece piece);
  void put(prompt_piece piece);
  void put(usage const& used);
  void put(reply_failure problem);
  [[nodiscard]] bool has_room() const { return pending_ < most_pending; }

 private:
  static constexpr std::ptrdiff_t most_pending = 64 << 10;  // bytes of text

  void tell(bool always) {
    if (eager_ || always) wake_->notify();
  }

  std::shared_ptr<wake_up> wake_;
  bool eager_;
  std::mutex mutex_;
  batch batch_;
  std::atomic<std::ptrdiff_t> pending_ = 0;
};

/// Bytes by which a piece fills the queue.
[[nodiscard]] std::size_t weight_of(text_piece const& piece);

/// Turns the tokens of one request into pieces.
class reply_sink final : public generation_sink {
 public:
  struct format {
    tokenizer const* text;           ///< empty: no text, ids alone
    std::vector<std::string> stops;  ///< a choice ends before one of them
    bool goes_on;                    ///< the text goes on from the prompt: a blank at its front stays
    bool records;                    ///< ids or log-probabilities are wanted
    bool measured;                   ///< back pressure: the client reads while this is made
    std::vector<int> spelled{};      ///< special tokens that are text
  };

  reply_sink(std::shared_ptr<reply_queue> queue, format const& how, int prompt, generation_request const& request);

  void prompt_token(int position, float logprob, std::span<scored_id const> top) override;
  bool token(token_event const& event) override;
  void finished(usage const& used) override { queue_->put(used); }
  void failed(std::string_view why, failure kind) override { queue_->put(reply_failure{std::string(why), kind}); }
  [[nodiscard]] bool has_room() const override { return !measured_ || queue_->has_room(); }

 private:
  [[nodiscard]] std::string text_of(text_stream& stream, int id) const;

  struct choice {
    std::unique_ptr<text_stream> stream;
    stop_text stop;
    std::unique_ptr<token_filter> filter{};  // tells when the text is complete
  };

  std::shared_ptr<reply_queue> queue_;
  int first_;  // choice of the whole answer
  int prompt_;
  bool records_;
  bool measured_;
  tokenizer const* text_;
  std::vector<int> spelled_;
  std::vector<int> prompt_ids_;  // with prompt_logprobs
  std::vector<choice> choices_;
};

}  // namespace constformer::serve
